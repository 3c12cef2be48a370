/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* test_bdi - the texts of user.bdi.* xattrs: what is taken, what is refused, what a file's attributes become. */
#include <errno.h>
#include <string.h>

#include "board/bdi.h"
#include "suites.h"

static int set(struct bdi *bdi, enum bdi_what what, const char *text)
{
	struct nommu_why why = {""};
	int error = bdi_parse(bdi, what, text, strlen(text), &why);

	/* A refusal says what would be known; a success says nothing. */
	ck_assert_int_eq(error != 0, why.text[0] != '\0');
	if (error)
		ck_assert_ptr_nonnull(strstr(why.text, "' is not known; it takes "));
	return error;
}

START_TEST(what_is_shown_of_a_value)
{
	char longer[100];
	struct nommu_why why = {""};
	struct bdi bdi = {0};

	ck_assert_int_eq(bdi_parse(&bdi, BDI_READ, "a\033[1m\0b\177\n", 9, &why), -EINVAL);
	ck_assert_str_eq(why.text, "'a?[1m?b?' is not known; it takes yes or no");
	memset(longer, 'x', sizeof(longer));
	ck_assert_int_eq(bdi_parse(&bdi, BDI_READ, longer, sizeof(longer), &why), -EINVAL);
	ck_assert_str_eq(why.text, "'xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx' is not known; it takes yes or no");
	ck_assert_int_eq(bdi_parse(&bdi, BDI_READ, "", 0, &why), -EINVAL);
	ck_assert_str_eq(why.text, "'' is not known; it takes yes or no");
}
END_TEST

static const char *shown(const struct nommu_file_attr *attr, enum bdi_what what)
{
	static char text[BDI_TEXT_MAX];

	ck_assert_uint_eq(bdi_format(attr, what, text), strlen(text));
	return text;
}

START_TEST(names_are_found_with_their_prefix)
{
	ck_assert_int_eq(bdi_find("user.bdi.capabilities"), BDI_CAPABILITIES);
	ck_assert_int_eq(bdi_find("user.bdi.read"), BDI_READ);
	ck_assert_int_eq(bdi_find("user.bdi.address"), -1);
	ck_assert_int_eq(bdi_find("user.bdi."), -1);
	ck_assert_int_eq(bdi_find("capabilities"), -1);
	ck_assert_int_eq(bdi_find("security.bdi.read"), -1);
}
END_TEST

START_TEST(what_is_set_is_shown)
{
	static const struct {
		enum bdi_what what;
		const char *given, *shown;
	} rows[] = {
		{BDI_CAPABILITIES, "copy", "copy"},
		{BDI_CAPABILITIES, "exec,copy,direct", "copy,direct,exec"},
		{BDI_CAPABILITIES, "0x18", "direct,read"},
		{BDI_CAPABILITIES, "none", "none"},
		{BDI_CAPABILITIES, "copy\n", "copy"},
		{BDI_KIND, "regular", "regular"},
		{BDI_KIND, "block", "block"},
		{BDI_KIND, "char", "char"},
		{BDI_KIND, "shm", "shm"},
		{BDI_GET_UNMAPPED_AREA, "ok", "ok"},
		{BDI_GET_UNMAPPED_AREA, "none", "none"},
		{BDI_GET_UNMAPPED_AREA, "ENOSYS", "ENOSYS"},
		{BDI_MMAP, "EINVAL", "EINVAL"},
		{BDI_MMAP, "EACCES", "EACCES"},
		{BDI_READ, "no", "no"},
		{BDI_READ, "yes", "yes"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bdi bdi = {0};
		struct nommu_file_attr attr;
		char text[BDI_TEXT_MAX];

		ck_assert_uint_eq(bdi_format_set(&bdi, rows[i].what, text), 0);
		ck_assert_int_eq(set(&bdi, rows[i].what, rows[i].given), 0);
		ck_assert_uint_eq(bdi.set, 1u << rows[i].what);
		ck_assert_uint_eq(bdi_format_set(&bdi, rows[i].what, text), strlen(rows[i].shown));
		ck_assert_str_eq(text, rows[i].shown);
		nommu_file_attr_ram(&attr);
		bdi_apply(&bdi, NOMMU_PROFILE_LINUX6, &attr);
		ck_assert_str_eq(shown(&attr, rows[i].what), rows[i].shown);
	}
}
END_TEST

START_TEST(bad_values_change_nothing)
{
	static const struct {
		enum bdi_what what;
		const char *given;
	} rows[] = {
		{BDI_CAPABILITIES, ""},      {BDI_CAPABILITIES, "copy,fly"}, {BDI_CAPABILITIES, "0x80"},
		{BDI_KIND, "socket"},        {BDI_KIND, ""},                 {BDI_KIND, "regularx"},
		{BDI_MMAP, "EWHATEVER"},     {BDI_MMAP, "OK"},               {BDI_MMAP, "22"},
		{BDI_GET_UNMAPPED_AREA, ""}, {BDI_READ, "maybe"},            {BDI_READ, "1"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct bdi bdi = {0}, before;

		ck_assert_int_eq(set(&bdi, BDI_MMAP, "EPERM"), 0);
		before = bdi;
		ck_assert_int_eq(set(&bdi, rows[i].what, rows[i].given), -EINVAL);
		ck_assert_mem_eq(&bdi, &before, sizeof(bdi));
	}
}
END_TEST

START_TEST(a_kind_brings_its_own_default_capabilities)
{
	struct bdi bdi = {0};
	struct nommu_file_attr attr;

	ck_assert_int_eq(set(&bdi, BDI_KIND, "char"), 0);
	nommu_file_attr_ram(&attr);
	bdi_apply(&bdi, NOMMU_PROFILE_BDI, &attr);
	ck_assert_uint_eq(attr.kind, NOMMU_KIND_CHAR);
	ck_assert_uint_eq(attr.flags & NOMMU_FILE_CAPS_SET, 0);
	ck_assert_str_eq(shown(&attr, BDI_CAPABILITIES), "direct,read,write");
	/* Set explicitly, they stay as they were set. */
	ck_assert_int_eq(set(&bdi, BDI_CAPABILITIES, "direct,read"), 0);
	nommu_file_attr_ram(&attr);
	bdi_apply(&bdi, NOMMU_PROFILE_BDI, &attr);
	ck_assert_uint_eq(attr.flags & NOMMU_FILE_CAPS_SET, NOMMU_FILE_CAPS_SET);
	ck_assert_str_eq(shown(&attr, BDI_CAPABILITIES), "direct,read");
}
END_TEST

START_TEST(no_capabilities_mean_unset_in_the_patch_only)
{
	struct bdi bdi = {0};
	struct nommu_file_attr attr;

	ck_assert_int_eq(set(&bdi, BDI_CAPABILITIES, "none"), 0);
	nommu_file_attr_ram(&attr);
	bdi_apply(&bdi, NOMMU_PROFILE_BDI, &attr);
	ck_assert_str_eq(shown(&attr, BDI_CAPABILITIES), "copy");
	nommu_file_attr_ram(&attr);
	bdi_apply(&bdi, NOMMU_PROFILE_LINUX6, &attr);
	ck_assert_str_eq(shown(&attr, BDI_CAPABILITIES), "none");
	ck_assert_uint_eq(attr.flags & NOMMU_FILE_CAPS_SET, NOMMU_FILE_CAPS_SET);
}
END_TEST

START_TEST(unset_leaves_the_place_alone)
{
	const struct bdi bdi = {0};
	struct nommu_file_attr attr, before;

	nommu_file_attr_rom(&attr);
	before = attr;
	bdi_apply(&bdi, NOMMU_PROFILE_BDI, &attr);
	ck_assert_mem_eq(&attr, &before, sizeof(attr));
	ck_assert_str_eq(shown(&attr, BDI_CAPABILITIES), "copy,direct,read,exec");
	ck_assert_str_eq(shown(&attr, BDI_KIND), "regular");
	ck_assert_str_eq(shown(&attr, BDI_READ), "yes");
}
END_TEST

SUITE(bdi)
{
	Suite *suite = suite_create("bdi");
	TCase *texts = tcase_create("texts");

	tcase_add_test(texts, what_is_shown_of_a_value);
	tcase_add_test(texts, names_are_found_with_their_prefix);
	tcase_add_test(texts, what_is_set_is_shown);
	tcase_add_test(texts, bad_values_change_nothing);
	tcase_add_test(texts, a_kind_brings_its_own_default_capabilities);
	tcase_add_test(texts, no_capabilities_mean_unset_in_the_patch_only);
	tcase_add_test(texts, unset_leaves_the_place_alone);
	suite_add_tcase(suite, texts);
	return suite;
}
