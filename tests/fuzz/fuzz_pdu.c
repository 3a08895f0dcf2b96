/* Everything that is done to octets from a carrier: framing, decoding, validation, text, writing again,
 * refusal, and the reading of a receipt. What was decoded without reproach must be written again octet by
 * octet. */
#include "fuzz.h"

#include "smpp/pdu.h"
#include "smpp/receipt.h"

#include <stdlib.h>
#include <string.h>

static void require(bool ok)
{
    if (!ok)
        abort();
}

static void use(const struct smpp_pdu *pdu, enum smpp_decode result, const uint8_t *p)
{
    struct buf out = { 0 }, scratch = { 0 };
    struct receipt receipt;
    require(smpp_pdu_dump(pdu, true, &out));
    buf_clear(&out);
    static const enum smpp_version versions[] = { SMPP_V33, SMPP_V34, SMPP_V50 };
    for (unsigned i = 0; i < 3; i++)
        require(result == SMPP_DECODE_OK || smpp_pdu_validate(pdu, versions[i]) != SMPP_ESME_ROK);
    if (result == SMPP_DECODE_OK) {
        require(smpp_pdu_encode(pdu, &out));
        require(out.len == pdu->command_length && memcmp(out.data, p, out.len) == 0);
    }
    buf_clear(&out);
    require(smpp_pdu_refuse(&out, pdu, SMPP_ESME_RSYSERR));
    receipt_read(pdu, &scratch, &receipt);
    buf_free(&out);
    buf_free(&scratch);
}

static void decode(const uint8_t *p, size_t n)
{
    struct smpp_pdu pdu;
    uint32_t status;
    enum smpp_decode result = smpp_pdu_decode(p, n, &pdu, &status);
    require((result == SMPP_DECODE_BAD) == (status != SMPP_ESME_ROK));
    if (result != SMPP_DECODE_NEED_MORE)
        use(&pdu, result, p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* as a stream of frames */
    const uint8_t *p = data;
    for (size_t left = size; left;) {
        long length = smpp_frame_length(p, left, SMPP_FRAME_MAX);
        if (length <= 0 || (size_t)length > left) {
            decode(p, left);
            break;
        }
        decode(p, (size_t)length);
        p += length;
        left -= (size_t)length;
    }
    /* and as one frame, whatever its length says, so that the body is reached */
    if (size >= SMPP_HEADER_SIZE) {
        uint8_t *whole = malloc(size);
        require(whole != NULL);
        memcpy(whole, data, size);
        be_put32(whole, (uint32_t)size);
        decode(whole, size);
        free(whole);
    }
    return 0;
}
