/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_table - the mapping rules a second time, as data: what the engine's rules are held against.
 *
 * A call is turned into one word of bits: what is asked, and what is there. Each row stands at a place in either
 * profile, names the bits that it wants set and those that it wants clear, and then refuses, ends, or changes bits. A
 * walker takes the rows in order. Any row can be left out, which shows whether it would be missed.
 *
 * Written from the rules' text, not from the engine's code; whoever changes the one must not copy from the other.
 * Not here: what is tried on them (test_rules*.c). Constant data and pure functions: nothing to lock.
 */
#ifndef RULES_TABLE_H
#define RULES_TABLE_H

#include <stdint.h>

#include "engine/rules.h"

#define TABLE_PROFILES 2

/* Instead of an errno: what the driver answered. */
#define TABLE_ADDRESS_ANSWER (-1)
#define TABLE_MAP_ANSWER     (-2)

/* One way in which a rule takes effect; a rule with alternatives has several rows at one place. */
struct table_row {
	enum nommu_rule rule;          /* NONE: a definition, which is nobody's reason */
	const char *text;
	uint8_t place[TABLE_PROFILES]; /* from 1; 0: this profile has no such row */
	uint64_t all;                  /* every one of these bits is set */
	uint64_t none;                 /* and none of these */
	int error[TABLE_PROFILES];     /* refuses, with this errno (positive); 0 does not */
	int end;                       /* ends, with this enum rules_action; 0 does not */
	uint64_t clear, set;           /* neither: the walk goes on, with these bits changed */
	enum nommu_rule behind;        /* this rule always comes first, to the same effect; the row shows without it */
};

/* Rows are named by their index; sets of rows are masks, so a table has at most 64. */
struct table {
	const struct table_row *rows;
	unsigned int count;
};

extern const struct table table_check;
extern const struct table table_place;

/* The rows of one rule. */
uint64_t table_rows_of(const struct table *table, enum nommu_rule rule);

/* The rows that a profile has. */
uint64_t table_rows_in(const struct table *table, enum nommu_profile profile);

struct table_checked {
	int error;              /* 0 or -errno */
	struct rules_plan plan; /* on a refusal only its rule */
	uint64_t fired;         /* rows that took effect */
};

/* What rules_check must say, by the table without the rows in @omit. */
void table_check_walk(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
		      uint64_t omit, struct table_checked *out);

struct table_placed {
	struct rules_placed placed;
	uint64_t fired;
};

/* The same for rules_place. */
void table_place_walk(enum nommu_profile profile, const struct rules_plan *plan, const struct rules_found *found,
		      const struct rules_answers *answers, uint64_t omit, struct table_placed *out);

#endif
