/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_rules_place - rules_place against the independent table: every plan that rules_check can yield, with every
 * region that can be found for it and every answer of the driver; each row of the table is hit, and missed when left
 * out. Then any input at all: whatever stands in it, the answer holds together.
 *
 * Not here: rules_check (test_rules.c), answers of real kernels (test_rules_recorded.c). The last two rules of placing
 * (no memory, a read that fails) are nobody's decision: they are met when acting.
 */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "rules_report.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const int address_answers[] = {0, NOMMU_OP_NONE, -ENOSYS, -EINVAL, -EIO};
static const int map_answers[] = {0, -ENOSYS, -EAGAIN, -EACCES};

struct input {
	enum nommu_profile profile;
	struct rules_plan plan;
	struct rules_found found;
	struct rules_answers answers;
};

/* Call @each with every region that can be found and every answer of the driver. */
static void every_surrounding(struct input *in, void (*each)(const struct input *in, void *arg), void *arg)
{
	for (unsigned int i = 0; i < 12 * COUNT(address_answers) * COUNT(map_answers); i++) {
		unsigned int n = i / 12;

		in->found = (struct rules_found){(enum rules_match)(i % 3), i / 3 % 2, i / 6 % 2};
		in->answers.address = address_answers[n % COUNT(address_answers)];
		in->answers.map = map_answers[n / COUNT(address_answers)];
		each(in, arg);
	}
}

/* ---- the plans ------------------------------------------------------------------------------------------------- */

struct plans {
	unsigned int count;
	struct rules_plan plan[64];
};

/* As far as placing is concerned. */
static bool plans_alike(const struct rules_plan *a, const struct rules_plan *b)
{
	return a->anonymous == b->anonymous && a->shared == b->shared && a->shareable == b->shareable &&
	       a->direct == b->direct && a->copy == b->copy && a->no_address_op == b->no_address_op &&
	       a->dropped == b->dropped;
}

static void plans_add(struct plans *plans, const struct rules_plan *plan)
{
	for (unsigned int i = 0; i < plans->count; i++)
		if (plans_alike(&plans->plan[i], plan))
			return;
	ck_assert_uint_lt(plans->count, COUNT(plans->plan));
	plans->plan[plans->count++] = *plan;
}

/* Every distinct plan of a profile: all that a plan depends on, in 13 bits. */
static void plans_collect(enum nommu_profile profile, struct plans *plans)
{
	for (unsigned int bits = 0; bits < 1U << 13; bits++) {
		struct nommu_file_attr file = {
			.kind = NOMMU_KIND_REGULAR,
			.flags = (bits & 1 ? NOMMU_FILE_NO_READ : 0) | NOMMU_FILE_CAPS_SET,
			.address_op = bits & 2 ? NOMMU_OP_NONE : 0,
			.caps = (bits >> 2 & 31) * BDI_CAP_MAP_COPY,
		};
		struct rules_call call = {
			.length = NOMMU_PAGE_SIZE,
			.limit = UINT64_C(1) << 32,
			.prot = bits >> 7 & 7,
			.flags = (bits >> 10 & 1 ? MAP_SHARED : MAP_PRIVATE) | (bits >> 11 & 1 ? MAP_ANONYMOUS : 0),
			.fd = NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE,
			.task = bits >> 12 & 1 ? NOMMU_TASK_TRACED : 0,
		};
		struct rules_plan plan;

		if (!rules_check(profile, &call, call.flags & MAP_ANONYMOUS ? NULL : &file, &plan))
			plans_add(plans, &plan);
	}
}

/* ---- against the table ----------------------------------------------------------------------------------------- */

/*
 * Inputs that contradict themselves, so that no rule says what becomes of them: a driver that has an address operation
 * and yet none; and in `bdi`, where only exact matches are joined, a request that is a part of a region and still
 * does not overlap it inexactly.
 */
static bool is_possible(const struct input *in)
{
	if (!in->plan.no_address_op && !in->plan.anonymous && in->answers.address == NOMMU_OP_NONE)
		return false;
	return in->profile != NOMMU_PROFILE_BDI || in->found.match != RULES_MATCH_PART || in->found.overlap;
}

/* What made it a copy is told of copies alone. */
static bool placed_agree(const struct rules_placed *a, const struct rules_placed *b)
{
	if (a->action != b->action || a->error != b->error || a->rule != b->rule)
		return false;
	return a->action == RULES_REFUSE || a->action == RULES_JOIN || a->dropped == b->dropped;
}

struct seen {
	uint64_t hit[TABLE_PROFILES];
	uint64_t missed[TABLE_PROFILES];
};

static void walk_without(const struct input *in, uint64_t omit, struct table_placed *out)
{
	table_place_walk(in->profile, &in->plan, &in->found, &in->answers, omit, out);
}

static void compare(const struct input *in, void *arg)
{
	char plan[REPORT_TEXT], found[REPORT_TEXT], got[REPORT_TEXT], want[REPORT_TEXT];
	struct table_placed expected, without;
	struct rules_placed placed;
	struct seen *seen = arg;

	if (!is_possible(in))
		return;
	memset(&placed, 0x5a, sizeof(placed));
	rules_place(in->profile, &in->plan, &in->found, &in->answers, &placed);
	walk_without(in, 0, &expected);
	if (!placed_agree(&placed, &expected.placed))
		ck_abort_msg("%s %s %s: the engine says %s; the table says %s", report_profile(in->profile),
			     report_plan(plan, 0, &in->plan), report_found(found, &in->found, &in->answers),
			     report_placed(got, &placed), report_placed(want, &expected.placed));
	seen->hit[in->profile] |= expected.fired;
	for (uint64_t rest = expected.fired; rest; rest &= rest - 1) {
		walk_without(in, rest & -rest, &without);
		if (!placed_agree(&expected.placed, &without.placed))
			seen->missed[in->profile] |= rest & -rest;
	}
}

START_TEST(every_combination)
{
	struct seen seen = {0};

	for (unsigned int p = 0; p < TABLE_PROFILES; p++) {
		struct plans plans = {0};

		plans_collect((enum nommu_profile)p, &plans);
		for (unsigned int i = 0; i < plans.count; i++) {
			struct input in = {.profile = (enum nommu_profile)p, .plan = plans.plan[i]};

			every_surrounding(&in, compare, &seen);
		}
	}
	report_rows(&table_place, seen.hit, "hit");
	report_rows(&table_place, seen.missed, "missed when left out");
}
END_TEST

/* ---- any input at all ------------------------------------------------------------------------------------------ */

static bool is_sound(const struct input *in, const struct rules_placed *placed)
{
	switch (placed->action) {
	case RULES_REFUSE:
		return placed->error == -EINVAL || placed->error == -ENODEV ||
		       (placed->error < 0 && placed->error == in->answers.address) ||
		       (placed->error < 0 && placed->error == in->answers.map);
	case RULES_JOIN:
		return in->plan.shareable && in->found.match != RULES_MATCH_NONE &&
		       (in->found.direct || !in->plan.shared);
	case RULES_DIRECT:
		return in->plan.direct && !in->answers.address && !in->answers.map;
	case RULES_COPY:
		return in->plan.anonymous || (in->plan.copy && !in->plan.shared);
	default:
		return false;
	}
}

static void hold_together(const struct input *in, void *arg)
{
	char plan[REPORT_TEXT], found[REPORT_TEXT], got[REPORT_TEXT];
	struct rules_placed placed;

	(void)arg;
	memset(&placed, 0x5a, sizeof(placed));
	rules_place(in->profile, &in->plan, &in->found, &in->answers, &placed);
	if (!is_sound(in, &placed) || placed.rule == NOMMU_RULE_NONE || placed.rule >= NOMMU_RULE_COUNT ||
	    (placed.action != RULES_REFUSE && placed.error))
		ck_abort_msg("%s %s %s: %s", report_profile(in->profile), report_plan(plan, 0, &in->plan),
			     report_found(found, &in->found, &in->answers), report_placed(got, &placed));
}

START_TEST(any_input)
{
	for (unsigned int bits = 0; bits < 1U << 8; bits++) {
		struct input in = {
			.profile = bits & 1 ? NOMMU_PROFILE_LINUX6 : NOMMU_PROFILE_BDI,
			.plan = {
				.anonymous = bits >> 1 & 1,
				.shared = bits >> 2 & 1,
				.shareable = bits >> 3 & 1,
				.direct = bits >> 4 & 1,
				.copy = bits >> 5 & 1,
				.no_address_op = bits >> 6 & 1,
				.dropped = bits >> 7 & 1 ? NOMMU_RULE_STRIP : NOMMU_RULE_NONE,
			},
		};

		every_surrounding(&in, hold_together, NULL);
	}
}
END_TEST

SUITE(rules_place)
{
	Suite *suite = suite_create("rules_place");
	TCase *all = tcase_create("all");

	tcase_set_timeout(all, 60);
	tcase_add_test(all, every_combination);
	tcase_add_test(all, any_input);
	suite_add_tcase(suite, all);
	return suite;
}
