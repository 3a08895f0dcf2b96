/* Keywords at the beginning of a text: the longest wins, words are not cut. */
#include "domain/keyword.h"
#include "support.h"

#include "base/random.h"

static bool find(const struct keywords *k, const char *text, struct keyword_match *m, char *rest)
{
    struct buf b = { 0 };
    assert_true(keyword_fold(&b, strv_from(text)));
    bool found = keywords_find(k, (struct strv){ (const char *)b.data, b.len }, m);
    if (found) {
        strcpy(rest, buf_cstr(&b) + m->rest);
    }
    buf_free(&b);
    return found;
}

static void longest_phrase_at_a_words_end(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int value; /* -1: none */
        const char *rest;
    } cases[] = {
        { "win", 1, "" },
        { "WIN a car", 1, "a car" },
        { "  Win,  A  CAR! ", 1, "a car" },
        { "win big", 2, "" },
        { "win big prize", 2, "prize" },
        { "win bigger", 1, "bigger" },
        { "winner", -1, "" },
        { "wi", -1, "" },
        { "", -1, "" },
        { "caf\xc3\xa9 au lait", 3, "au lait" },
        { "CAFE\xcc\x81", 3, "" },
        { "to win", -1, "" },
    };
    struct keywords *k = keywords_new();
    assert_true(keywords_add(k, STRV("Win"), 1, NULL));
    assert_true(keywords_add(k, STRV("win-BIG"), 2, NULL));
    assert_true(keywords_add(k, STRV("cafe"), 3, NULL));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct keyword_match m;
        char rest[200] = "";
        bool found = find(k, cases[i].text, &m, rest);
        expect((found ? (int)m.value : -1) == cases[i].value, "\"%s\"", cases[i].text);
        expect(strcmp(rest, cases[i].rest) == 0, "\"%s\": \"%s\"", cases[i].text, rest);
    }
    keywords_free(k);
}

static void additions_are_checked(void **state)
{
    (void)state;
    struct keywords *k = keywords_new();
    struct err e = { 0 };
    char big[KEYWORD_MAX_TEXT + 2];
    memset(big, 'a', sizeof big);
    assert_true(keywords_add(k, STRV("Lunch"), 1, &e));
    assert_false(keywords_add(k, STRV("LUNCH!"), 2, &e));
    assert_int_equal(e.code, ERR_EXISTS);
    assert_false(keywords_add(k, STRV("!?"), 2, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_false(keywords_add(k, STRV("\xff"), 2, &e));
    assert_int_equal(e.code, ERR_INVALID);
    assert_false(keywords_add(k, (struct strv){ big, sizeof big - 1 }, 2, &e));
    assert_int_equal(e.code, ERR_LIMIT);
    assert_true(keywords_add(k, (struct strv){ big, sizeof big - 2 }, 2, &e));
    assert_int_equal(keywords_count(k), 2);
    assert_true(keywords_remove(k, STRV("lunch")));
    assert_false(keywords_remove(k, STRV("lunch")));
    struct keyword_match m;
    char rest[200];
    assert_false(find(k, "lunch", &m, rest));
    assert_true(keywords_add(k, STRV("lunch"), 9, &e));
    assert_true(find(k, "lunch", &m, rest) && m.value == 9);
    keywords_free(k);
    keywords_free(NULL);
}

/* Model: of all keywords that the text begins with at a word's end, the longest. */
static void agrees_with_a_plain_search(void **state)
{
    (void)state;
    static const char *const parts[] = { "a", "b", "ab", "a b", "b a", "a b a", "aa", "b b", "c", "a c" };
    struct rnd r;
    rnd_seed(&r, 8);
    for (int round = 0; round < 2000; round++) {
        struct keywords *k = keywords_new();
        bool in[COUNT(parts)] = { false };
        for (size_t i = 0; i < COUNT(parts); i++) {
            in[i] = rnd_below(&r, 2) && keywords_add(k, strv_from(parts[i]), (uint32_t)i, NULL);
        }
        char text[40] = "";
        for (uint64_t n = 1 + rnd_below(&r, 5); n > 0; n--) {
            strcat(text, parts[rnd_below(&r, 3)]);
            strcat(text, n > 1 ? " " : "");
        }
        int best = -1;
        for (size_t i = 0; i < COUNT(parts); i++) {
            size_t n = strlen(parts[i]);
            if (in[i] && strncmp(text, parts[i], n) == 0 && (text[n] == ' ' || text[n] == '\0') &&
                (best < 0 || n > strlen(parts[best]))) {
                best = (int)i;
            }
        }
        struct keyword_match m;
        char rest[200];
        bool found = find(k, text, &m, rest);
        expect((found ? (int)m.value : -1) == best, "\"%s\"", text);
        keywords_free(k);
    }
}

static void long_and_broken_texts_are_survived(void **state)
{
    (void)state;
    struct buf b = { 0 };
    char *big = malloc(100000);
    memset(big, 'x', 100000);
    assert_true(keyword_fold(&b, (struct strv){ big, 100000 }));
    assert_true(b.len <= KEYWORD_MAX_INPUT);
    buf_clear(&b);
    memset(big, '\xff', 100000);
    assert_true(keyword_fold(&b, (struct strv){ big, 100000 }));
    free(big);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_phrase_at_a_words_end),
        cmocka_unit_test(additions_are_checked),
        cmocka_unit_test(agrees_with_a_plain_search),
        cmocka_unit_test(long_and_broken_texts_are_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
