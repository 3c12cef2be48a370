/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_report - inputs and answers of the rules in words, one line each, for a test that fails.
 *
 * Each function returns its @text. Not here: any judgement, but for report_rows. No state, nothing to lock.
 */
#ifndef RULES_REPORT_H
#define RULES_REPORT_H

#include "rules_table.h"

#define REPORT_TEXT 512

/* The sanitizers are an order of magnitude slower: fewer values there, but every row is still reached. */
#if defined(__SANITIZE_ADDRESS__)
#define REPORT_QUICK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define REPORT_QUICK 1
#endif
#endif
#ifndef REPORT_QUICK
#define REPORT_QUICK 0
#endif

const char *report_profile(enum nommu_profile profile);

/* "ENODEV", or the number; "ok" for 0, "none" for NOMMU_OP_NONE. */
const char *report_errno(int error);

char *report_call(char text[static REPORT_TEXT], const struct rules_call *call, const struct nommu_file_attr *file);
char *report_plan(char text[static REPORT_TEXT], int error, const struct rules_plan *plan);
char *report_found(char text[static REPORT_TEXT], const struct rules_found *found, const struct rules_answers *answers);
char *report_placed(char text[static REPORT_TEXT], const struct rules_placed *placed);

/* Fail, naming the row, unless every row that a profile has is in seen[profile]. @what: "hit", "missed when out". */
void report_rows(const struct table *table, const uint64_t seen[static TABLE_PROFILES], const char *what);

#endif
