/* libphonenumber, where the build found it (HAVE_LIBPHONENUMBER): its reading of a national form. Used by
 * number.c alone, and only for what people wrote without a country code. The library gets the digits that
 * number.c read from the text, never the text: at most 40 of 0-9. It is silent, thread-safe, and nothing is
 * thrown out of here. The first call reads its metadata, some milliseconds; a call costs some ten
 * microseconds, so none is on the way of a message. */
#ifndef TESSERA_DOMAIN_NUMBER_LIBRARY_H
#define TESSERA_DOMAIN_NUMBER_LIBRARY_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* `digits` as dialled inside `region`, "GB": two letters. True only when the library says that the number is
 * valid, which is more than possible: of an area or a kind that is in use. */
bool number_library_read(const char *digits, const char *region, uint64_t *out);

#ifdef __cplusplus
}
#endif

#endif
