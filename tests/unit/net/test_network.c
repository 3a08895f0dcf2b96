/* Who is in which network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "net/network.h"

static void lists_are_checked(void **state)
{
    static const struct {
        const char *list, *bad; /* NULL: fine */
    } rows[] = {
        { "", NULL },
        { "192.0.2.1", NULL },
        { "192.0.2.0/24, 2001:db8::/32 ,::1", NULL },
        { "0.0.0.0/0,::/0", NULL },
        { "192.0.2.0/33", "192.0.2.0/33" },
        { "::/129", "::/129" },
        { "192.0.2.1,smsc.example", "smsc.example" },
        { "192.0.2.0/", "192.0.2.0/" },
        { "192.0.2.0/x", "192.0.2.0/x" },
        { "192.0.2.1:2775", "192.0.2.1:2775" },
        { "192.0.2.1,,", "" },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct strv bad = { 0 };
        assert_int_equal(network_list_check(strv_from(rows[i].list), &bad), rows[i].bad == NULL);
        if (rows[i].bad != NULL) {
            assert_true(strv_eq_c(bad, rows[i].bad));
        }
    }
}

static void an_address_is_in_its_network_only(void **state)
{
    static const struct {
        const char *list, *address;
        bool in;
    } rows[] = {
        { "", "192.0.2.1", false },
        { "192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "192.0.2.2", false },
        { "192.0.2.0/24", "192.0.2.255", true },
        { "192.0.2.0/24", "192.0.3.0", false },
        { "192.0.2.128/25", "192.0.2.127", false },
        { "192.0.2.130/25", "192.0.2.129", true },
        { "0.0.0.0/0", "203.0.113.9", true },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "2001:db8::1", true },
        { "192.0.2.1", "::ffff:192.0.2.1", true },
        { "2001:db8::/32", "2001:db8:ffff::1", true },
        { "2001:db8::/32", "2001:db9::1", false },
        { "2001:db8::/33", "2001:db8:8000::1", false },
        { "198.51.100.0/24, 192.0.2.1", "192.0.2.1", true },
        { "192.0.2.1", "localhost", false },
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        if (network_list_has_address(strv_from(rows[i].list), rows[i].address) != rows[i].in) {
            fail_msg("%s in %s", rows[i].address, rows[i].list);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_are_checked),
        cmocka_unit_test(an_address_is_in_its_network_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
