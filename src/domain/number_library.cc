#include "domain/number_library.h"

#include <phonenumbers/logger.h>
#include <phonenumbers/phonenumberutil.h>

#include <cstdlib>
#include <string>

using namespace i18n::phonenumbers;

/* Made once, whoever comes first; its const members may be called by several threads. */
static const PhoneNumberUtil *number_library()
{
    static const PhoneNumberUtil *const util = [] {
        PhoneNumberUtil *made = PhoneNumberUtil::GetInstance();
        made->SetLogger(new NullLogger); /* else it writes numbers to standard output; it frees the logger */
        return made;
    }();
    return util;
}

bool number_library_read(const char *digits, const char *region, uint64_t *out)
{
    try {
        const PhoneNumberUtil *util = number_library();
        PhoneNumber number;
        std::string text;
        if (util->Parse(digits, region, &number) != PhoneNumberUtil::NO_PARSING_ERROR ||
            !util->IsValidNumber(number)) {
            return false;
        }
        util->Format(number, PhoneNumberUtil::E164, &text);
        if (text.size() < 2 || text.size() > 16 || text[0] != '+') {
            return false;
        }
        *out = std::strtoull(text.c_str() + 1, nullptr, 10);
        return true;
    } catch (...) {
        return false; /* no memory: number.c reads the number itself */
    }
}
