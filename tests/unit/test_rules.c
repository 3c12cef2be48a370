/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_rules - rules_check against the independent table, over products of everything that it looks at.
 *
 * Three products share the work: what a file is and what is asked of it (the largest), what the policy forbids, and
 * the form of the call with its edge values. In each, every combination is tried. On the way it is noted which rows
 * of the table took effect, and which of them gave another answer when left out: in the end every row must have.
 *
 * Not here: rules_place (test_rules_place.c), answers of real kernels (test_rules_recorded.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "rules_report.h"
#include "suites.h"

#define PAGE NOMMU_PAGE_SIZE
#define GIB4 (UINT64_C(4) << 30)

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct input {
	enum nommu_profile profile;
	struct rules_call call;
	struct nommu_file_attr file;
};

/* ---- the values ------------------------------------------------------------------------------------------------ */

/* One independent choice: its values by number, the important ones first. */
struct axis {
	unsigned int count;
	void (*set)(struct input *in, unsigned int i);
};

#define SET(bits, mask, value) ((bits) = ((bits) & ~(mask)) | (value))

#define AXIS(name, values, statement) \
	static void set_##name(struct input *in, unsigned int i) \
	{ \
		statement; \
	} \
	static const struct axis name = {values, set_##name}

static const enum nommu_kind kinds[] = {NOMMU_KIND_REGULAR, NOMMU_KIND_CHAR,   NOMMU_KIND_BLOCK,
					NOMMU_KIND_SHM,     NOMMU_KIND_SOCKET, NOMMU_KIND_OTHER};

/* In units of BDI_CAP_MAP_COPY: all, one missing, one alone, the rest. */
static const uint8_t caps_sets[32] = {0x1f, 0x00, 0x1e, 0x1d, 0x1b, 0x17, 0x0f, 0x01, 0x02, 0x04, 0x08,
				      0x10, 0x03, 0x05, 0x06, 0x07, 0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x0e,
				      0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x18, 0x19, 0x1a, 0x1c};

/* Unset comes in two forms, as what stands in caps must not matter then. */
static void set_caps(struct input *in, unsigned int i)
{
	SET(in->file.flags, NOMMU_FILE_CAPS_SET, i < 2 ? 0 : NOMMU_FILE_CAPS_SET);
	in->file.caps = i < 2 ? i * BDI_CAP_ALL : caps_sets[i - 2] * BDI_CAP_MAP_COPY;
}
static const struct axis caps = {34, set_caps};

static const uint32_t descriptors[] = {NOMMU_FD_OPEN | NOMMU_FD_READ,
				       NOMMU_FD_OPEN | NOMMU_FD_WRITE,
				       NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE,
				       0,
				       NOMMU_FD_OPEN | NOMMU_FD_PATH,
				       NOMMU_FD_OPEN | NOMMU_FD_PATH | NOMMU_FD_READ | NOMMU_FD_WRITE,
				       NOMMU_FD_READ | NOMMU_FD_WRITE};

static const int types[] = {MAP_PRIVATE, MAP_SHARED, 0, MAP_SHARED_VALIDATE, 6, MAP_TYPE};
static const int fixed_flags[] = {0, MAP_FIXED, MAP_FIXED_NOREPLACE, MAP_FIXED | MAP_FIXED_NOREPLACE};
static const int address_ops[] = {0, NOMMU_OP_NONE, -ENOSYS, -EINVAL};
static const int map_ops[] = {0, NOMMU_OP_NONE, -ENOSYS, -EAGAIN};
static const uint32_t tasks[] = {0, NOMMU_TASK_TRACED | NOMMU_TASK_READ_IMPLIES_EXEC, NOMMU_TASK_TRACED,
				 NOMMU_TASK_READ_IMPLIES_EXEC};
static const uint64_t addrs[] = {0, PAGE, 1, UINT64_MAX};
static const uint64_t limits[] = {GIB4, UINT64_MAX, GIB4 + 16 * PAGE, UINT64_C(1) << 47};
static const uint64_t lengths[] = {0,
				   1,
				   PAGE - 1,
				   PAGE,
				   PAGE + 1,
				   2 * PAGE,
				   3 * PAGE,
				   GIB4 - PAGE,
				   GIB4 - 1,
				   GIB4,
				   GIB4 + 1,
				   GIB4 + 16 * PAGE,
				   GIB4 + 16 * PAGE + 1,
				   (UINT64_C(1) << 47) + 1,
				   INT64_MAX,
				   UINT64_C(1) << 63,
				   UINT64_MAX - PAGE,
				   UINT64_MAX - (PAGE - 1),
				   UINT64_MAX - (PAGE - 2),
				   UINT64_MAX};
#define SPAGE ((int64_t)PAGE)
static const int64_t offsets[] = {0,          SPAGE,      1,          SPAGE - 1,
				  SPAGE + 1,  -1,         -SPAGE,     -2 * SPAGE,
				  -3 * SPAGE, -SPAGE - 1, INT64_MIN,  INT64_MIN + 1,
				  INT64_MAX,  INT64_MAX - (SPAGE - 1), INT64_C(1) << 32};

AXIS(profile, 2, in->profile = i ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI);
AXIS(kind, COUNT(kinds), in->file.kind = kinds[i]);
AXIS(prot, 8, in->call.prot = (int)i);
AXIS(type, COUNT(types), SET(in->call.flags, MAP_TYPE, types[i]));
AXIS(fixed, COUNT(fixed_flags), SET(in->call.flags, MAP_FIXED | MAP_FIXED_NOREPLACE, fixed_flags[i]));
AXIS(anonymous, 2, SET(in->call.flags, MAP_ANONYMOUS, i ? MAP_ANONYMOUS : 0));
AXIS(descriptor, COUNT(descriptors), in->call.fd = descriptors[i]);
AXIS(no_read, 2, SET(in->file.flags, NOMMU_FILE_NO_READ, i ? NOMMU_FILE_NO_READ : 0));
AXIS(append, 2, SET(in->file.flags, NOMMU_FILE_APPEND, i ? NOMMU_FILE_APPEND : 0));
AXIS(noexec, 2, SET(in->file.flags, NOMMU_FILE_NOEXEC, i ? NOMMU_FILE_NOEXEC : 0));
AXIS(mandlock, 2, SET(in->file.flags, NOMMU_FILE_MANDLOCK, i ? NOMMU_FILE_MANDLOCK : 0));
AXIS(locked, 2, in->call.locked = i);
AXIS(address_op, COUNT(address_ops), in->file.address_op = address_ops[i]);
AXIS(map_op, COUNT(map_ops), in->file.map_op = map_ops[i]);
AXIS(task, COUNT(tasks), in->call.task = tasks[i]);
AXIS(deny, 9, in->file.deny = i ? NOMMU_DENY | (i - 1) : 0);
AXIS(deny_anonymous, 9, in->call.deny_anonymous = i ? NOMMU_DENY | (i - 1) : 0);
AXIS(addr, COUNT(addrs), in->call.addr = addrs[i]);
AXIS(limit, COUNT(limits), in->call.limit = limits[i]);
AXIS(length, COUNT(lengths), in->call.length = lengths[i]);
AXIS(offset, COUNT(offsets), in->call.offset = offsets[i]);

/* ---- one combination ------------------------------------------------------------------------------------------- */

struct seen {
	uint64_t behind; /* rows that show only without another */
	uint64_t hit[TABLE_PROFILES];
	uint64_t missed[TABLE_PROFILES];
};

static bool plans_agree(const struct rules_plan *a, const struct rules_plan *b)
{
	return a->prot == b->prot && a->anonymous == b->anonymous && a->shared == b->shared &&
	       a->shareable == b->shareable && a->direct == b->direct && a->copy == b->copy &&
	       a->pgoff == b->pgoff && a->pages == b->pages && a->rule == b->rule && a->dropped == b->dropped &&
	       /* nobody has an address operation to ask about anonymous memory */
	       (a->anonymous || a->no_address_op == b->no_address_op);
}

static bool answers_agree(int error, const struct rules_plan *plan, const struct table_checked *expected)
{
	return error == expected->error &&
	       (error ? plan->rule == expected->plan.rule : plans_agree(plan, &expected->plan));
}

static const struct nommu_file_attr *file_of(const struct input *in)
{
	return in->call.flags & MAP_ANONYMOUS ? NULL : &in->file;
}

static void walk_without(const struct input *in, uint64_t omit, struct table_checked *out)
{
	table_check_walk(in->profile, &in->call, file_of(in), omit, out);
}

/* Whether the answer changes when @row is left out, beside @omit. */
static bool is_missed(const struct input *in, uint64_t row, uint64_t omit, const struct table_checked *with)
{
	struct table_checked without;

	walk_without(in, omit | row, &without);
	return !answers_agree(with->error, &with->plan, &without);
}

static void note_behind(struct seen *seen, const struct input *in, uint64_t fired)
{
	for (uint64_t rest = seen->behind & ~seen->missed[in->profile]; rest; rest &= rest - 1) {
		const struct table_row *row = &table_check.rows[__builtin_ctzll(rest)];
		uint64_t bit = rest & -rest, first = table_rows_of(&table_check, row->behind) & ~bit;
		struct table_checked with;

		if (!(fired & first))
			continue;
		walk_without(in, first, &with);
		if (!(with.fired & bit))
			continue;
		seen->hit[in->profile] |= bit;
		if (is_missed(in, bit, first, &with))
			seen->missed[in->profile] |= bit;
	}
}

static void note(struct seen *seen, const struct input *in, const struct table_checked *expected)
{
	seen->hit[in->profile] |= expected->fired;
	for (uint64_t rest = expected->fired & ~seen->missed[in->profile]; rest; rest &= rest - 1)
		if (is_missed(in, rest & -rest, 0, expected))
			seen->missed[in->profile] |= rest & -rest;
	if (seen->behind & ~seen->missed[in->profile])
		note_behind(seen, in, expected->fired);
}

static void examine(struct seen *seen, const struct input *in)
{
	char call[REPORT_TEXT], got[REPORT_TEXT], want[REPORT_TEXT];
	struct table_checked expected;
	struct rules_plan plan;
	int error;

	memset(&plan, 0x5a, sizeof(plan)); /* what is not filled in must not pass by luck */
	error = rules_check(in->profile, &in->call, file_of(in), &plan);
	walk_without(in, 0, &expected);
	if (!answers_agree(error, &plan, &expected))
		ck_abort_msg("%s %s: the engine says %s; the table says %s", report_profile(in->profile),
			     report_call(call, &in->call, file_of(in)), report_plan(got, error, &plan),
			     report_plan(want, expected.error, &expected.plan));
	note(seen, in, &expected);
}

/* ---- the products ---------------------------------------------------------------------------------------------- */

/* How many values of an axis a product takes; fewer under the sanitizers. */
struct range {
	const struct axis *axis;
	unsigned int full;
	unsigned int quick;
};

#define ALL(name)        {&name, UINT32_MAX, UINT32_MAX}
#define SOME(name, some) {&name, UINT32_MAX, some}

static void product(struct seen *seen, struct input *in, const struct range *ranges, unsigned int count)
{
	unsigned int most = REPORT_QUICK ? ranges->quick : ranges->full;

	for (unsigned int i = 0; i < ranges->axis->count && i < most; i++) {
		ranges->axis->set(in, i);
		if (count > 1)
			product(seen, in, ranges + 1, count - 1);
		else
			examine(seen, in);
	}
}

/* Every axis at its first value: a page of a RAM file, PRIVATE, nothing in the way. */
static const struct input plain = {
	.call = {.length = PAGE, .limit = GIB4, .flags = MAP_PRIVATE, .fd = NOMMU_FD_OPEN | NOMMU_FD_READ},
	.file = {.kind = NOMMU_KIND_REGULAR, .flags = NOMMU_FILE_CAPS_SET, .caps = BDI_CAP_ALL},
};

#define PRODUCT(seen, ranges) \
	do { \
		struct input in = plain; \
		product(seen, &in, ranges, COUNT(ranges)); \
	} while (0)

static void file_product(struct seen *seen)
{
	static const struct range ranges[] = {
		ALL(profile), ALL(kind), ALL(caps), {&type, 2, 2}, {&descriptor, 3, 3}, ALL(no_read), ALL(append),
		ALL(noexec), ALL(mandlock), ALL(locked), SOME(address_op, 2), SOME(map_op, 2), SOME(task, 2), ALL(prot),
	};

	PRODUCT(seen, ranges);
}

static void policy_product(struct seen *seen)
{
	static const struct range ranges[] = {
		ALL(profile), ALL(anonymous), SOME(caps, 10), {&type, 2, 2}, {&descriptor, 5, 3}, SOME(fixed, 2),
		ALL(noexec), ALL(task), ALL(deny), {&deny_anonymous, 3, 2}, ALL(prot),
	};
	static const struct range both[] = {
		ALL(profile), ALL(anonymous), {&type, 2, 2}, ALL(task), ALL(deny), ALL(deny_anonymous), ALL(prot),
	};

	PRODUCT(seen, ranges);
	PRODUCT(seen, both);
}

static void call_product(struct seen *seen)
{
	static const struct range ranges[] = {
		ALL(profile), ALL(anonymous), SOME(type, 3), SOME(fixed, 3), SOME(descriptor, 5), SOME(addr, 2),
		{&map_op, 2, 2}, {&deny, 2, 2}, ALL(limit), ALL(length), ALL(offset),
	};

	PRODUCT(seen, ranges);
}

START_TEST(every_combination)
{
	struct seen seen = {0};

	for (unsigned int i = 0; i < table_check.count; i++)
		if (table_check.rows[i].behind)
			seen.behind |= UINT64_C(1) << i;
	file_product(&seen);
	policy_product(&seen);
	call_product(&seen);
	report_rows(&table_check, seen.hit, "hit");
	report_rows(&table_check, seen.missed, "missed when left out");
}
END_TEST

/* ---- what the products leave out ------------------------------------------------------------------------------- */

/* All 16 type values, and every other flag bit: none but the known ones changes anything. */
START_TEST(other_flags)
{
	struct seen seen = {0};

	for (unsigned int p = 0; p < TABLE_PROFILES; p++) {
		for (unsigned int anon = 0; anon < 2; anon++) {
			for (int bits = 0; bits <= MAP_TYPE; bits++) {
				struct input in = plain;

				set_profile(&in, p);
				set_anonymous(&in, anon);
				SET(in.call.flags, MAP_TYPE, bits);
				for (unsigned int bit = 0; bit < 32; bit++) {
					struct input with = in;

					with.call.flags |= (int)(1U << bit);
					examine(&seen, &with);
				}
			}
		}
	}
}
END_TEST

/* A bit of prot that means nothing is no error, and does not turn into one that does. */
START_TEST(other_protection)
{
	for (unsigned int p = 0; p < TABLE_PROFILES; p++) {
		for (unsigned int anon = 0; anon < 2; anon++) {
			struct input in = plain;
			struct rules_plan plan;

			set_profile(&in, p);
			set_anonymous(&in, anon);
			in.call.prot = PROT_READ | 0x10;
			ck_assert_int_eq(rules_check(in.profile, &in.call, file_of(&in), &plan), 0);
			ck_assert_int_eq(plan.prot & (PROT_READ | PROT_WRITE | PROT_EXEC), PROT_READ);
		}
	}
}
END_TEST

/* A kind beyond the list has no default; with capabilities set it is as good as any. */
START_TEST(unknown_kind)
{
	static const uint32_t unknown[] = {0, NOMMU_KIND_OTHER + 1, UINT32_MAX};
	struct seen seen = {0};

	for (unsigned int p = 0; p < TABLE_PROFILES; p++) {
		for (unsigned int k = 0; k < COUNT(unknown); k++) {
			for (unsigned int c = 0; c < caps.count; c++) {
				struct input in = plain;

				set_profile(&in, p);
				set_caps(&in, c);
				in.file.kind = unknown[k];
				examine(&seen, &in);
			}
		}
	}
}
END_TEST

/* With a bad descriptor nothing is known of the file, so nothing of it may be looked at. */
START_TEST(bad_descriptor_has_no_file)
{
	const struct nommu_file_attr *nowhere = mmap(NULL, PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	ck_assert_ptr_ne(nowhere, MAP_FAILED);
	for (unsigned int p = 0; p < TABLE_PROFILES; p++) {
		for (unsigned int d = 3; d < COUNT(descriptors); d++) {
			struct input in = plain;
			struct rules_plan plan;

			set_profile(&in, p);
			set_descriptor(&in, d);
			ck_assert_int_eq(rules_check(in.profile, &in.call, nowhere, &plan), -EBADF);
			ck_assert_int_eq(plan.rule, NOMMU_RULE_BAD_DESCRIPTOR);
		}
	}
	munmap((void *)nowhere, PAGE);
}
END_TEST

SUITE(rules)
{
	Suite *suite = suite_create("rules");
	TCase *every = tcase_create("every");
	TCase *rest = tcase_create("rest");

	tcase_set_timeout(every, 300);
	tcase_add_test(every, every_combination);
	tcase_add_test(rest, other_flags);
	tcase_add_test(rest, other_protection);
	tcase_add_test(rest, unknown_kind);
	tcase_add_test(rest, bad_descriptor_has_no_file);
	suite_add_tcase(suite, every);
	suite_add_tcase(suite, rest);
	return suite;
}
