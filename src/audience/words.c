#include "audience/words.h"

#if defined(__GNUC__) && !defined(__clang__) && defined(__OPTIMIZE__)
#pragma GCC optimize("O3")
#endif

/* Counting bits is an instruction that not every x86-64 has, and a wide one that few have: the best one is
 * asked for at each call, which costs a comparison. */
#define COUNT_OF(name, attributes)                                                                           \
    attributes static uint64_t name(const uint64_t *a, const uint64_t *b, size_t n)                          \
    {                                                                                                        \
        uint64_t count = 0;                                                                                  \
        for (size_t i = 0; i < n; i++)                                                                       \
            count += (uint64_t)__builtin_popcountll(a[i] & b[i]);                                            \
        return count;                                                                                        \
    }

COUNT_OF(count_plain, )
#ifdef __x86_64__
COUNT_OF(count_scalar, __attribute__((target("popcnt"))))
COUNT_OF(count_wide, __attribute__((target("avx512f,avx512vpopcntdq"))))
#endif

uint64_t words_and_count(const uint64_t *a, const uint64_t *b, size_t n)
{
#ifdef __x86_64__
    if (__builtin_cpu_supports("avx512vpopcntdq"))
        return count_wide(a, b, n);
    if (__builtin_cpu_supports("popcnt"))
        return count_scalar(a, b, n);
#endif
    return count_plain(a, b, n);
}

uint64_t words_count(const uint64_t *a, size_t n)
{
    return words_and_count(a, a, n);
}
