/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_attrs - extended attributes of one inode: set, replaced, removed, and how many there can be. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>

#include "daemon/attrs.h"
#include "suites.h"

static struct attrs attrs;

static void expect(const char *name, const char *value)
{
	const struct attr *attr = attrs_find(&attrs, name);

	if (!value) {
		ck_assert_ptr_null(attr);
		return;
	}
	ck_assert_ptr_nonnull(attr);
	ck_assert_uint_eq(attr->size, strlen(value));
	ck_assert_mem_eq(attr->value, value, attr->size);
}

START_TEST(set_and_removed)
{
	ck_assert_int_eq(attrs_set(&attrs, "user.a", "one", 3, 0), 0);
	ck_assert_int_eq(attrs_set(&attrs, "user.b", "", 0, XATTR_CREATE), 0);
	ck_assert_int_eq(attrs_set(&attrs, "user.a", "x", 1, XATTR_CREATE), -EEXIST);
	ck_assert_int_eq(attrs_set(&attrs, "user.c", "x", 1, XATTR_REPLACE), -ENODATA);
	expect("user.a", "one");
	expect("user.b", "");
	expect("user.c", NULL);
	ck_assert_int_eq(attrs_set(&attrs, "user.a", "longer", 6, XATTR_REPLACE), 0);
	expect("user.a", "longer");
	ck_assert_uint_eq(attrs.bytes, 7 + 6 + 7);
	/* In the order in which they came. */
	ck_assert_str_eq(attrs.first->name, "user.a");
	ck_assert_int_eq(attrs_remove(&attrs, "user.a"), 0);
	ck_assert_int_eq(attrs_remove(&attrs, "user.a"), -ENODATA);
	ck_assert_str_eq(attrs.first->name, "user.b");
	attrs_free(&attrs);
	ck_assert_ptr_null(attrs.first);
	ck_assert_uint_eq(attrs.bytes, 0);
}
END_TEST

START_TEST(limits)
{
	char *value = calloc(1, ATTRS_VALUE_MAX + 1);

	ck_assert_int_eq(attrs_set(&attrs, "user.a", value, ATTRS_VALUE_MAX + 1, 0), -E2BIG);
	ck_assert_int_eq(attrs_set(&attrs, "user.a", value, ATTRS_VALUE_MAX, 0), 0);
	/* All but what the names take, and one byte more. */
	ck_assert_int_eq(attrs_set(&attrs, "user.b", value, ATTRS_MAX - ATTRS_VALUE_MAX - 14 + 1, 0), -ENOSPC);
	expect("user.b", NULL);
	ck_assert_int_eq(attrs_set(&attrs, "user.b", value, ATTRS_MAX - ATTRS_VALUE_MAX - 14, 0), 0);
	ck_assert_uint_eq(attrs.bytes, ATTRS_MAX);
	ck_assert_int_eq(attrs_set(&attrs, "user.c", value, 0, 0), -ENOSPC);
	/* What takes the place of something may be as large as that was. */
	ck_assert_int_eq(attrs_set(&attrs, "user.a", value, ATTRS_VALUE_MAX, 0), 0);
	attrs_free(&attrs);
	free(value);
}
END_TEST

SUITE(attrs)
{
	Suite *suite = suite_create("attrs");
	TCase *tcase = tcase_create("attrs");

	tcase_add_test(tcase, set_and_removed);
	tcase_add_test(tcase, limits);
	suite_add_tcase(suite, tcase);
	return suite;
}
