/* data_coding to alphabet and back, and the names of alphabets. */
#include "smpp/alphabet.h"

/* The table of SMPP 3.4 §5.2.19. */
static enum alphabet charset(uint8_t value, enum alphabet smsc_default)
{
    switch (value) {
    case 0x00: return smsc_default;
    case 0x01: return ALPHABET_ASCII;
    case 0x02:
    case 0x04: return ALPHABET_BINARY;
    case 0x03: return ALPHABET_LATIN1;
    case 0x06: return ALPHABET_CYRILLIC;
    case 0x07: return ALPHABET_HEBREW;
    case 0x08: return ALPHABET_UCS2;
    default: return ALPHABET_UNKNOWN;
    }
}

/* Bits 3 and 2 of a coding group of TS 23.038 §4; 3 is reserved and read as the default there. */
static enum alphabet group_alphabet(uint8_t value)
{
    switch (value >> 2 & 3) {
    case 1: return ALPHABET_BINARY;
    case 2: return ALPHABET_UCS2;
    default: return ALPHABET_GSM7;
    }
}

struct data_coding data_coding_read(uint8_t value, enum alphabet smsc_default)
{
    struct data_coding d = { ALPHABET_GSM7, DATA_CODING_CHARSET, -1, false, false };
    switch (value >> 4) {
    case 0x0:
        d.alphabet = charset(value, smsc_default);
        d.is_default = value == 0;
        return d;
    case 0x1:
    case 0x2:
    case 0x3:
    case 0x4:
    case 0x5:
    case 0x6:
    case 0x7: /* general data coding, with automatic deletion from 0x40 */
        d.group = (value & 0x0c) == 0x0c ? DATA_CODING_RESERVED : DATA_CODING_GENERAL;
        d.alphabet = group_alphabet(value);
        d.compressed = value & 0x20;
        if (value & 0x10)
            d.message_class = value & 3;
        return d;
    case 0xc: d.group = DATA_CODING_WAITING_DISCARD; return d;
    case 0xd: d.group = DATA_CODING_WAITING_STORE; return d;
    case 0xe:
        d.group = DATA_CODING_WAITING_UCS2;
        d.alphabet = ALPHABET_UCS2;
        return d;
    case 0xf:
        d.group = DATA_CODING_CLASS;
        d.alphabet = value & 4 ? ALPHABET_BINARY : ALPHABET_GSM7;
        d.message_class = value & 3;
        return d;
    default: d.group = DATA_CODING_RESERVED; return d;
    }
}

static const struct {
    const char *name;
    uint8_t data_coding;
} names[] = {
    [ALPHABET_GSM7] = { "gsm7", 0x00 },     [ALPHABET_UCS2] = { "ucs2", 0x08 },
    [ALPHABET_LATIN1] = { "latin1", 0x03 }, [ALPHABET_ASCII] = { "ascii", 0x01 },
    [ALPHABET_BINARY] = { "binary", 0x04 }, [ALPHABET_CYRILLIC] = { "cyrillic", 0x06 },
    [ALPHABET_HEBREW] = { "hebrew", 0x07 }, [ALPHABET_UNKNOWN] = { "unknown", 0x00 },
};

uint8_t data_coding_for(enum alphabet a)
{
    return (unsigned)a < sizeof names / sizeof *names ? names[a].data_coding : 0;
}

const char *alphabet_name(enum alphabet a)
{
    return (unsigned)a < sizeof names / sizeof *names ? names[a].name : "unknown";
}

bool alphabet_parse(struct strv name, enum alphabet *out)
{
    for (unsigned i = 0; i < ALPHABET_UNKNOWN; i++) {
        if (strv_eq_c(name, names[i].name)) {
            *out = (enum alphabet)i;
            return true;
        }
    }
    return false;
}
