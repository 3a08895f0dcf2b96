/* Runs a fuzz target over its seeds, so that they are plain tests: each file of seeds/<target>/ (hexadecimal
 * text, blanks and # comments allowed; or NAME.txt, as it is), each "hex" of the conformance vectors where
 * they are, and of each of those every beginning and every octet changed. Each case is an allocation of
 * exactly its size.
 *
 *   seeds_<target>                    run
 *   seeds_<target> --corpus DIR      write the cases, undamaged, as files for libFuzzer
 *   seeds_<target> --dictionary      print a libFuzzer dictionary made from the tables of PDUs and TLVs */
#include "fuzz.h"

#include "base/buf.h"
#include "smpp/pdu.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#ifndef FUZZ_TARGET
#error "FUZZ_TARGET is the name of the folder of seeds"
#endif

struct run {
    const char *corpus; /* write there instead of running */
    unsigned cases, calls;
};

static void call(struct run *run, const uint8_t *p, size_t n)
{
    uint8_t *exact = malloc(n);
    if (n)
        memcpy(exact, p, n);
    LLVMFuzzerTestOneInput(exact, n);
    free(exact);
    run->calls++;
}

static void write_case(struct run *run, const uint8_t *p, size_t n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/seed-%04u", run->corpus, run->cases);
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(p, 1, n, f) != n) {
        perror(path);
        exit(1);
    }
    fclose(f);
}

static void one_case(struct run *run, uint8_t *p, size_t n)
{
    run->cases++;
    if (run->corpus) {
        write_case(run, p, n);
        return;
    }
    for (size_t i = 0; i <= n; i++)
        call(run, p, i);
    for (size_t i = 0; i < n; i++) {
        static const uint8_t changes[] = { 0x01, 0x80, 0xff };
        for (size_t k = 0; k < sizeof changes; k++) {
            p[i] ^= changes[k];
            call(run, p, n);
            p[i] ^= changes[k];
        }
    }
}

static void hex_case(struct run *run, struct strv hex)
{
    uint8_t *p = malloc(hex.n / 2 + 1);
    long n = hex_decode(hex, p, hex.n / 2 + 1);
    if (n >= 0)
        one_case(run, p, (size_t)n);
    free(p);
}

/* Reads a seed that is used as it is. */
static bool seed_text(struct run *run, const char *path)
{
    static uint8_t text[1 << 16];
    FILE *f = fopen(path, "rb");
    if (!f)
        return false;
    size_t n = fread(text, 1, sizeof text, f);
    fclose(f);
    one_case(run, text, n);
    return true;
}

/* Reads a seed; false when it is not hexadecimal. */
static bool seed_hex(struct run *run, const char *path)
{
    FILE *f = fopen(path, "r");
    struct buf hex = { 0 };
    bool comment = false;
    for (int c; f && (c = fgetc(f)) != EOF;) {
        comment = c == '#' || (comment && c != '\n');
        if (!comment && c != ' ' && c != '\t' && c != '\r' && c != '\n')
            buf_put_u8(&hex, (uint8_t)c);
    }
    if (f)
        fclose(f);
    unsigned before = run->cases;
    hex_case(run, (struct strv){ (const char *)hex.data, hex.len });
    buf_free(&hex);
    return f != NULL && run->cases > before;
}

static bool seed_folder(struct run *run)
{
    const char *src = getenv("TESSERA_SRC");
    char folder[3000], path[4096];
    snprintf(folder, sizeof folder, "%s/tests/fuzz/seeds/" FUZZ_TARGET, src ? src : ".");
    DIR *d = opendir(folder);
    bool ok = d != NULL;
    if (!d)
        perror(folder);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        size_t n = strlen(e->d_name);
        bool plain = n > 4 && strcmp(e->d_name + n - 4, ".txt") == 0;
        if (!(plain ? seed_text(run, path) : seed_hex(run, path))) {
            fprintf(stderr, "%s: not a seed\n", path);
            ok = false;
        }
    }
    if (d)
        closedir(d);
    return ok;
}

/* Each "hex":"..." of a vector file; a plain search will do. */
static void vector_file(struct run *run, const char *name)
{
    const char *dir = getenv("TESSERA_VECTORS");
    char path[4096];
    static char line[1 << 18];
    snprintf(path, sizeof path, "%s/%s", dir ? dir : ".", name);
    FILE *f = dir ? fopen(path, "r") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        char *hex = strstr(line, "\"hex\":\"");
        if (!hex)
            continue;
        hex += strlen("\"hex\":\"");
        hex_case(run, (struct strv){ hex, strcspn(hex, "\"") });
    }
    if (f)
        fclose(f);
}

static void print_dictionary(void)
{
    const struct smpp_tlv_info *row;
    for (size_t i = 0; smpp_command_at(i) != 0; i++) {
        uint32_t id = smpp_command_at(i);
        printf("%s=\"\\x%02x\\x%02x\\x%02x\\x%02x\"\n", smpp_command_name(id), id >> 24, id >> 16 & 0xff,
               id >> 8 & 0xff, id & 0xff);
    }
    for (size_t i = 0; (row = smpp_tlv_at(i)) != NULL; i++)
        printf("%s=\"\\x%02x\\x%02x\\x%02x\\x%02x\"\n", row->name, row->tag >> 8, row->tag & 0xff,
               row->min >> 8, row->min & 0xff);
    static const char *const words[] = { "id:",          "sub:", "dlvrd:", "submit date:",     "done date:",
                                         "stat:DELIVRD", "err:", "text:",  "000007000000000R", "2611212200" };
    for (size_t i = 0; i < sizeof words / sizeof *words; i++)
        printf("\"%s\"\n", words[i]);
}

int main(int argc, char **argv)
{
    struct run run = { 0 };
    if (argc == 2 && strcmp(argv[1], "--dictionary") == 0) {
        print_dictionary();
        return 0;
    }
    if (argc == 3 && strcmp(argv[1], "--corpus") == 0) {
        run.corpus = argv[2];
    } else if (argc != 1) {
        fprintf(stderr, "usage: %s [--corpus DIR | --dictionary]\n", argv[0]);
        return 2;
    }
    if (!seed_folder(&run) || run.cases == 0)
        return 1;
    if (strcmp(FUZZ_TARGET, "pdu") == 0 || strcmp(FUZZ_TARGET, "receipt") == 0) {
        vector_file(&run, "pdu.jsonl");
        vector_file(&run, "dlr.jsonl");
    }
    printf("%u cases, %u calls\n", run.cases, run.calls);
    return 0;
}
