/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_reason - the rules' names, and verdicts in words: that each says something of its own, in one line that fits,
 * names what a person needs to know, and is cut off as snprintf would.
 *
 * Not here: how well it reads.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nommu.h"
#include "suites.h"

#define COUNT(a)  (sizeof(a) / sizeof((a)[0]))
#define TEXT_SIZE 400

/* ---- names ----------------------------------------------------------------------------------------------------- */

/* As the rules' page has them, in its order. */
static const struct {
	enum nommu_rule rule;
	const char *id;
} ids[] = {
	{NOMMU_RULE_OFFSET_ALIGN, "offset-align"},
	{NOMMU_RULE_BAD_DESCRIPTOR, "bad-descriptor"},
	{NOMMU_RULE_SECURITY, "security"},
	{NOMMU_RULE_FIXED, "fixed"},
	{NOMMU_RULE_HINT, "hint"},
	{NOMMU_RULE_TYPE, "type"},
	{NOMMU_RULE_LENGTH_ZERO, "length-zero"},
	{NOMMU_RULE_LENGTH_RANGE, "length-range"},
	{NOMMU_RULE_OFFSET_WRAP, "offset-wrap"},
	{NOMMU_RULE_NO_MMAP, "no-mmap"},
	{NOMMU_RULE_DEFAULT_CAPS, "default-caps"},
	{NOMMU_RULE_STRIP, "strip"},
	{NOMMU_RULE_UNREADABLE, "unreadable"},
	{NOMMU_RULE_SHARED_WRITE, "shared-write"},
	{NOMMU_RULE_APPEND, "append"},
	{NOMMU_RULE_LOCKED, "locked"},
	{NOMMU_RULE_SHARED_NOT_DIRECT, "shared-not-direct"},
	{NOMMU_RULE_SHARED_PROTECTION, "shared-protection"},
	{NOMMU_RULE_SHARED_NO_COPY, "shared-no-copy"},
	{NOMMU_RULE_PRIVATE_NO_COPY, "private-no-copy"},
	{NOMMU_RULE_PRIVATE_WRITE, "private-write"},
	{NOMMU_RULE_PRIVATE_PROTECTION, "private-protection"},
	{NOMMU_RULE_NOEXEC, "noexec"},
	{NOMMU_RULE_EXEC_COPY, "exec-copy"},
	{NOMMU_RULE_READ_IMPLIES_EXEC, "read-implies-exec"},
	{NOMMU_RULE_TRACED, "traced"},
	{NOMMU_RULE_SHARE_OVERLAP, "share-overlap"},
	{NOMMU_RULE_ADDRESS_REFUSED, "address-refused"},
	{NOMMU_RULE_MAP_REFUSED, "map-refused"},
	{NOMMU_RULE_NO_MEMORY, "no-memory"},
	{NOMMU_RULE_READ_FAILED, "read-failed"},
	{NOMMU_RULE_SHM_NO_KEY, "shm-no-key"},
	{NOMMU_RULE_SHM_NOT_ATTACHED, "shm-not-attached"},
};

START_TEST(names_are_the_ids)
{
	for (unsigned int i = 0; i < COUNT(ids); i++)
		ck_assert_str_eq(nommu_rule_name(ids[i].rule), ids[i].id);
}
END_TEST

START_TEST(names_are_distinct)
{
	for (unsigned int rule = 0; rule < NOMMU_RULE_COUNT; rule++) {
		const char *name = nommu_rule_name((enum nommu_rule)rule);

		ck_assert_ptr_nonnull(name);
		ck_assert_msg(islower((unsigned char)name[0]), "rule %u: '%s'", rule, name);
		for (const char *c = name; *c; c++)
			ck_assert_msg(islower((unsigned char)*c) || (*c == '-' && c[1] && c[1] != '-'), "rule %u: '%s'",
				      rule, name);
		for (unsigned int other = 0; other < rule; other++)
			ck_assert_str_ne(name, nommu_rule_name((enum nommu_rule)other));
	}
	/* a number that came from damage can still be printed */
	ck_assert_ptr_nonnull(nommu_rule_name(NOMMU_RULE_COUNT));
}
END_TEST

/* ---- every verdict --------------------------------------------------------------------------------------------- */

#define ERRORS_MAX 4

/* What each rule can come with; a success comes with 0 alone. A word that its text must have. */
static const struct said {
	enum nommu_rule rule;
	int errors[ERRORS_MAX];
	const char *names;
} says[] = {
	{NOMMU_RULE_OFFSET_ALIGN, {EINVAL}, "offset"},
	{NOMMU_RULE_BAD_DESCRIPTOR, {EBADF}, "O_PATH"},
	{NOMMU_RULE_FIXED, {EINVAL}, "MAP_FIXED"},
	{NOMMU_RULE_HINT, {EINVAL}, "address"},
	{NOMMU_RULE_TYPE, {EINVAL}, "MAP_PRIVATE"},
	{NOMMU_RULE_LENGTH_ZERO, {EINVAL}, "length"},
	{NOMMU_RULE_LENGTH_RANGE, {EINVAL, ENOMEM}, "address space"},
	{NOMMU_RULE_OFFSET_WRAP, {EINVAL, EOVERFLOW}, "offset"},
	{NOMMU_RULE_NO_MMAP, {ENODEV}, "mapped"},
	{NOMMU_RULE_DEFAULT_CAPS, {EINVAL}, "user.bdi.capabilities"},
	{NOMMU_RULE_UNREADABLE, {EACCES}, "reading"},
	{NOMMU_RULE_SHARED_WRITE, {EACCES}, "O_RDWR"},
	{NOMMU_RULE_APPEND, {EACCES}, "append-only"},
	{NOMMU_RULE_LOCKED, {EAGAIN}, "lock"},
	{NOMMU_RULE_SHARED_NOT_DIRECT, {ENODEV}, "MAP_SHARED"},
	{NOMMU_RULE_SHARED_PROTECTION, {EINVAL}, "capabilities"},
	{NOMMU_RULE_PRIVATE_NO_COPY, {ENODEV}, "MAP_PRIVATE"},
	{NOMMU_RULE_NOEXEC, {EPERM}, "noexec"},
	{NOMMU_RULE_SECURITY, {EPERM}, "policy"},
	{NOMMU_RULE_SHARE_OVERLAP, {EINVAL}, "overlap"},
	{NOMMU_RULE_ADDRESS_REFUSED, {ENODEV, EINVAL, EIO, EAGAIN}, "driver"},
	{NOMMU_RULE_MAP_REFUSED, {ENODEV, EINVAL, EACCES, EAGAIN}, "driver"},
	{NOMMU_RULE_NO_MEMORY, {ENOMEM}, "order"},
	{NOMMU_RULE_READ_FAILED, {EIO, EINVAL, EACCES}, "read"},
	{NOMMU_RULE_REUSE, {0}, "joined"},
	{NOMMU_RULE_ANONYMOUS, {0}, "anonymous"},
	{NOMMU_RULE_DIRECT, {0}, "own memory"},
	{NOMMU_RULE_COPY, {0}, "cop"},
	{NOMMU_RULE_NOT_MAPPED, {EINVAL}, "mapped"},
	{NOMMU_RULE_PARTIAL, {EINVAL}, "part"},
	{NOMMU_RULE_UNMAPPED, {0}, "mapping"},
	{NOMMU_RULE_UNALIGNED, {EINVAL}, "page size"},
	{NOMMU_RULE_MREMAP_FIXED, {EINVAL}, "MREMAP_FIXED"},
	{NOMMU_RULE_MREMAP_SHAREABLE, {EPERM}, "share"},
	{NOMMU_RULE_MREMAP_LIMIT, {ENOMEM}, "page"},
	{NOMMU_RULE_MREMAPPED, {0}, "size"},
	{NOMMU_RULE_SHM_NO_KEY, {ENOENT}, "IPC_CREAT"},
	{NOMMU_RULE_SHM_EXISTS, {EEXIST}, "IPC_EXCL"},
	{NOMMU_RULE_SHM_SIZE, {EINVAL}, "size"},
	{NOMMU_RULE_SHM_LARGE, {EFBIG}, "largest block"},
	{NOMMU_RULE_SHM_FULL, {ENOSPC}, "tables"},
	{NOMMU_RULE_SHM_NO_ID, {EINVAL, EIDRM}, "id"},
	{NOMMU_RULE_SHM_ACCESS, {EACCES}, "mode"},
	{NOMMU_RULE_SHM_OWNER, {EPERM}, "owner"},
	{NOMMU_RULE_SHM_ADDRESS, {EINVAL}, "address"},
	{NOMMU_RULE_SHM_NOT_ATTACHED, {EINVAL}, "attached"},
	{NOMMU_RULE_SHM_COMMAND, {EINVAL, EFAULT}, "command"},
	{NOMMU_RULE_SHM_CREATED, {0}, "contiguous"},
	{NOMMU_RULE_SHM_FOUND, {0}, "key"},
	{NOMMU_RULE_SHM_DETACHED, {0}, "attach"},
	{NOMMU_RULE_SHM_TOLD, {0}, "segments"},
	{NOMMU_RULE_SHM_CHANGED, {0}, "swapped"},
	{NOMMU_RULE_SHM_MARKED, {0}, "last detach"},
	{NOMMU_RULE_SHM_REMOVED, {0}, "gone"},
	{NOMMU_RULE_TABLE_FULL, {ENOMEM, EMFILE, ENOSPC}, "tables"},
	{NOMMU_RULE_BOARD_BUSY, {EAGAIN}, "lock"},
	{NOMMU_RULE_BOARD_STOPPED, {EIO}, "damaged"},
	{NOMMU_RULE_NO_SUCH_MM, {ESRCH}, "process"},
	{NOMMU_RULE_NOT_IMPLEMENTED, {ENOSYS}, "call"},
	{NOMMU_RULE_NOT_EMULATED, {ENOSYS}, "stack frame"},
	{NOMMU_RULE_NO_ATTACH, {EAGAIN}, "child"},
	{NOMMU_RULE_NO_FORK, {ENOSYS}, "child"},
	{NOMMU_RULE_BRK_LIMIT, {ENOMEM}, "last page"},
	{NOMMU_RULE_FUTEX_UNMAPPED, {EFAULT}, "mappings"},
	{NOMMU_RULE_NO_DEVICE, {ENXIO}, "device"},
};

/* These refuse nothing; they are why a copy was made, or stand for what was done to a plan. */
static const enum nommu_rule droppers[] = {
	NOMMU_RULE_DEFAULT_CAPS,  NOMMU_RULE_STRIP,  NOMMU_RULE_PRIVATE_WRITE,   NOMMU_RULE_PRIVATE_PROTECTION,
	NOMMU_RULE_EXEC_COPY,     NOMMU_RULE_TRACED, NOMMU_RULE_ADDRESS_REFUSED, NOMMU_RULE_MAP_REFUSED,
};
static const enum nommu_rule silent[] = {NOMMU_RULE_SHARED_NO_COPY, NOMMU_RULE_READ_IMPLIES_EXEC};

/* With the longest figures that there can be. */
static struct nommu_verdict verdict_of(enum nommu_rule rule, int error)
{
	struct nommu_verdict v = {
		.error = -error,
		.how = error ? NOMMU_HOW_NONE : NOMMU_HOW_COPY,
		.rule = rule,
		.addr = 0x7fffffffff000,
		.asked = UINT64_MAX,
		.pages = UINT64_MAX >> NOMMU_PAGE_SHIFT,
		.order_asked = 18,
		.order_max = 18,
		.order_largest = 17,
		.free_pages = UINT32_MAX,
		.holder_pages = UINT32_MAX,
		.holder_pid = INT32_MAX,
		.holder = "fifteen-letters",
	};

	return v;
}

/* The text of a verdict; asserts what holds for each. */
static void assert_says(const struct nommu_verdict *v, char text[static TEXT_SIZE])
{
	const char *name = nommu_rule_name((enum nommu_rule)v->rule);
	int len = nommu_reason(v, text, TEXT_SIZE);

	ck_assert_msg(len > 0 && len < TEXT_SIZE, "%s: %d bytes", name, len);
	ck_assert_msg((size_t)len == strlen(text), "%s: returned %d, wrote %zu", name, len, strlen(text));
	ck_assert_msg(!strpbrk(text, "%\n\r"), "%s: '%s'", name, text);
	ck_assert_msg(!strstr(text, "(null)"), "%s: '%s'", name, text);
}

/* Take the rule's name and errno out, once, so that what is left are words alone. */
static void words_alone(char *text, const struct nommu_verdict *v)
{
	const char *out[] = {nommu_rule_name((enum nommu_rule)v->rule), strerrorname_np(-v->error)};

	for (unsigned int i = 0; i < COUNT(out); i++) {
		char *at = out[i] ? strstr(text, out[i]) : NULL;

		if (at)
			memmove(at, at + strlen(out[i]), strlen(at + strlen(out[i])) + 1);
	}
}

static unsigned int errors_of(const struct said *said)
{
	unsigned int count = 1;

	while (count < ERRORS_MAX && said->errors[count])
		count++;
	return count;
}

/* The list above has every rule that a verdict can bear, once. */
START_TEST(every_rule_is_tried)
{
	for (unsigned int rule = 1; rule < NOMMU_RULE_COUNT; rule++) {
		unsigned int times = 0;

		for (unsigned int i = 0; i < COUNT(says); i++)
			times += says[i].rule == rule;
		for (unsigned int i = 0; !times && i < COUNT(droppers); i++)
			times += droppers[i] == rule;
		for (unsigned int i = 0; i < COUNT(silent); i++)
			times += silent[i] == rule;
		ck_assert_msg(times == 1, "%s: %u times", nommu_rule_name((enum nommu_rule)rule), times);
	}
}
END_TEST

START_TEST(every_verdict_says_something)
{
	for (unsigned int i = 0; i < COUNT(says); i++) {
		for (unsigned int e = 0; e < errors_of(&says[i]); e++) {
			struct nommu_verdict v = verdict_of(says[i].rule, says[i].errors[e]);
			char text[TEXT_SIZE];

			assert_says(&v, text);
			if (v.error)
				ck_assert_msg(strstr(text, strerrorname_np(-v.error)), "'%s'", text);
			words_alone(text, &v);
			ck_assert_msg(strstr(text, says[i].names), "%s: '%s' does not name '%s'",
				      nommu_rule_name(says[i].rule), text, says[i].names);
		}
	}
}
END_TEST

START_TEST(no_two_say_the_same)
{
	char texts[COUNT(says)][TEXT_SIZE];

	for (unsigned int i = 0; i < COUNT(says); i++) {
		struct nommu_verdict v = verdict_of(says[i].rule, says[i].errors[0]);

		assert_says(&v, texts[i]);
		words_alone(texts[i], &v);
		for (unsigned int j = 0; j < i; j++)
			ck_assert_msg(strcmp(texts[i], texts[j]), "%s and %s: '%s'", nommu_rule_name(says[i].rule),
				      nommu_rule_name(says[j].rule), texts[i]);
	}
}
END_TEST

/* What happened; what would help. The second is there for each refusal, and is not said twice. */
START_TEST(refusals_say_what_would_help)
{
	for (unsigned int i = 0; i < COUNT(says); i++) {
		struct nommu_verdict v = verdict_of(says[i].rule, says[i].errors[0]);
		char text[TEXT_SIZE], *help;

		if (!v.error)
			continue;
		v.holder_pages = 0; /* who holds it stands behind a semicolon too */
		assert_says(&v, text);
		help = strrchr(text, ';');
		ck_assert_msg(help && help[1] == ' ' && strlen(help) > 10, "%s: '%s'", nommu_rule_name(says[i].rule),
			      text);
		*help = '\0';
		ck_assert_msg(!strstr(text, help + 2), "%s: '%s' says the same twice", nommu_rule_name(says[i].rule),
			      text);
	}
}
END_TEST

/* ---- figures --------------------------------------------------------------------------------------------------- */

/* A copy says what ruled a direct mapping out, each in words of its own, and how much it took. */
START_TEST(copies_say_why)
{
	char texts[COUNT(droppers)][TEXT_SIZE], plain[TEXT_SIZE];
	struct nommu_verdict v = verdict_of(NOMMU_RULE_COPY, 0);

	v.pages = 4711;
	assert_says(&v, plain);
	ck_assert_ptr_nonnull(strstr(plain, "4711"));
	for (unsigned int i = 0; i < COUNT(droppers); i++) {
		v.why = droppers[i];
		assert_says(&v, texts[i]);
		ck_assert_ptr_nonnull(strstr(texts[i], "4711"));
		ck_assert_str_ne(texts[i], plain);
		for (unsigned int j = 0; j < i; j++)
			ck_assert_str_ne(texts[i], texts[j]);
	}
}
END_TEST

/* It fits with the longest figures too. */
START_TEST(copies_fit)
{
	for (unsigned int i = 0; i < COUNT(droppers); i++) {
		struct nommu_verdict v = verdict_of(NOMMU_RULE_COPY, 0);
		char text[TEXT_SIZE];

		v.why = droppers[i];
		assert_says(&v, text);
	}
}
END_TEST

static void assert_names(const char *text, const char *what)
{
	ck_assert_msg(strstr(text, what), "'%s' does not name '%s'", text, what);
}

START_TEST(no_memory_names_its_figures)
{
	struct nommu_verdict v = {
		.error = -ENOMEM, .rule = NOMMU_RULE_NO_MEMORY, .pages = 13, .order_asked = 4, .order_max = 10,
		.order_largest = 3, .free_pages = 357, .holder_pages = 8642, .holder_pid = 2468, .holder = "frag"
	};
	char text[TEXT_SIZE];

	assert_says(&v, text);
	assert_names(text, "order 4");
	assert_names(text, "order 3");
	assert_names(text, "357");
	assert_names(text, "frag");
	assert_names(text, "2468");
	assert_names(text, "8642");
	v.holder_pid = 0;
	strcpy(v.holder, "files");
	assert_says(&v, text);
	assert_names(text, "files");
	assert_names(text, "8642");
	v.order_largest = -1;
	v.free_pages = 0;
	assert_says(&v, text);
	assert_names(text, "nothing is free");
}
END_TEST

/* More than the largest block is another matter: no freeing helps. */
START_TEST(no_memory_above_the_largest_block)
{
	struct nommu_verdict v = {
		.error = -ENOMEM, .rule = NOMMU_RULE_NO_MEMORY, .pages = 1025, .order_asked = 11, .order_max = 10,
		.order_largest = 10, .free_pages = 9999, .holder_pages = 1, .holder_pid = 1, .holder = "x"
	};
	char text[TEXT_SIZE];

	assert_says(&v, text);
	assert_names(text, "largest block");
	assert_names(text, "1025");
	assert_names(text, "max-order 10");
}
END_TEST

/* A process can give itself any name. */
START_TEST(holder_is_any_name)
{
	static const char *const names[] = {"new\nline", "100%s%n", "", "\r\t\x1b[2J"};

	for (unsigned int i = 0; i < COUNT(names); i++) {
		struct nommu_verdict v = verdict_of(NOMMU_RULE_NO_MEMORY, ENOMEM);
		char text[TEXT_SIZE];
		int len;

		snprintf(v.holder, sizeof(v.holder), "%s", names[i]);
		len = nommu_reason(&v, text, sizeof(text));
		ck_assert_int_gt(len, 0);
		ck_assert_int_lt(len, TEXT_SIZE);
		for (int c = 0; c < len; c++)
			ck_assert_msg(!iscntrl((unsigned char)text[c]), "byte %d of the text is %#x", c,
				      (unsigned int)(unsigned char)text[c]);
	}
}
END_TEST

START_TEST(mremap_limit_names_the_limit)
{
	struct nommu_verdict v = {.error = -ENOMEM, .rule = NOMMU_RULE_MREMAP_LIMIT, .pages = 16};
	char text[TEXT_SIZE];

	assert_says(&v, text);
	assert_names(text, "16 pages");
}
END_TEST

/* ---- cut off --------------------------------------------------------------------------------------------------- */

/* Every size up to one more than needed, in a block of just that size. */
static void assert_cut_off(const struct nommu_verdict *v)
{
	char whole[TEXT_SIZE];
	int len = nommu_reason(v, whole, sizeof(whole));

	ck_assert_int_eq(nommu_reason(v, NULL, 0), len);
	for (size_t size = 1; size <= (size_t)len + 2; size++) {
		char *text = malloc(size);
		size_t expected = size <= (size_t)len ? size - 1 : (size_t)len;

		ck_assert_ptr_nonnull(text);
		memset(text, 'x', size);
		ck_assert_int_eq(nommu_reason(v, text, size), len);
		ck_assert_uint_eq(strnlen(text, size), expected);
		ck_assert_mem_eq(text, whole, expected);
		free(text);
	}
}

START_TEST(cut_off_as_snprintf_does)
{
	for (unsigned int i = 0; i < COUNT(says); i++) {
		struct nommu_verdict v = verdict_of(says[i].rule, says[i].errors[0]);

		v.why = NOMMU_RULE_ADDRESS_REFUSED;
		assert_cut_off(&v);
	}
}
END_TEST

SUITE(reason)
{
	Suite *suite = suite_create("reason");
	TCase *names = tcase_create("names");
	TCase *words = tcase_create("words");

	tcase_add_test(names, names_are_the_ids);
	tcase_add_test(names, names_are_distinct);
	tcase_add_test(words, every_rule_is_tried);
	tcase_add_test(words, every_verdict_says_something);
	tcase_add_test(words, no_two_say_the_same);
	tcase_add_test(words, refusals_say_what_would_help);
	tcase_add_test(words, copies_say_why);
	tcase_add_test(words, copies_fit);
	tcase_add_test(words, no_memory_names_its_figures);
	tcase_add_test(words, no_memory_above_the_largest_block);
	tcase_add_test(words, holder_is_any_name);
	tcase_add_test(words, mremap_limit_names_the_limit);
	tcase_add_test(words, cut_off_as_snprintf_does);
	suite_add_tcase(suite, names);
	suite_add_tcase(suite, words);
	return suite;
}
