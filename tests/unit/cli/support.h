/* What the tests of cli/ share. */
#ifndef TESSERA_TESTS_CLI_SUPPORT_H
#define TESSERA_TESTS_CLI_SUPPORT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* cmocka wants these before it */
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

#endif
