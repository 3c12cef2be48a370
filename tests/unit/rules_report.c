/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules_report - see rules_report.h.
 */
#include "rules_report.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

const char *report_profile(enum nommu_profile profile)
{
	return profile == NOMMU_PROFILE_BDI ? "bdi" : "linux6";
}

const char *report_errno(int error)
{
	if (!error)
		return "ok";
	if (error == NOMMU_OP_NONE)
		return "none";
	return strerrorname_np(-error) ? strerrorname_np(-error) : "no errno at all";
}

static const char *kind_name(uint32_t kind)
{
	static const char *const names[] = {"kind 0", "regular", "block", "char", "shm", "socket", "other"};

	return kind < sizeof(names) / sizeof(names[0]) ? names[kind] : "kind beyond the last";
}

static const char *type_name(int flags)
{
	switch (flags & MAP_TYPE) {
	case MAP_PRIVATE:
		return "PRIVATE";
	case MAP_SHARED:
		return "SHARED";
	case MAP_SHARED_VALIDATE:
		return "SHARED_VALIDATE";
	default:
		return "another type";
	}
}

/* "rwx", with '-' where a bit is missing. */
static const char *prot_name(int prot, char text[static 4])
{
	text[0] = prot & PROT_READ ? 'r' : '-';
	text[1] = prot & PROT_WRITE ? 'w' : '-';
	text[2] = prot & PROT_EXEC ? 'x' : '-';
	text[3] = '\0';
	return text;
}

static const char *deny_name(uint32_t deny, char text[static 4])
{
	return deny & NOMMU_DENY ? prot_name((int)deny, text) : "nothing";
}

static void file_text(char *text, size_t size, const struct nommu_file_attr *file)
{
	char caps[64] = "unset", deny[4];

	if (file->flags & NOMMU_FILE_CAPS_SET)
		snprintf(caps, sizeof(caps), "%s%s%s%s%s(%#x)", file->caps & BDI_CAP_MAP_COPY ? "copy," : "",
			 file->caps & BDI_CAP_MAP_DIRECT ? "direct," : "", file->caps & BDI_CAP_READ_MAP ? "read," : "",
			 file->caps & BDI_CAP_WRITE_MAP ? "write," : "", file->caps & BDI_CAP_EXEC_MAP ? "exec," : "",
			 (unsigned int)file->caps);
	snprintf(text, size, "%s caps=%s%s%s%s%s address_op=%s map_op=%s deny=%s", kind_name(file->kind), caps,
		 file->flags & NOMMU_FILE_NO_READ ? " no-read" : "", file->flags & NOMMU_FILE_APPEND ? " append" : "",
		 file->flags & NOMMU_FILE_NOEXEC ? " noexec" : "", file->flags & NOMMU_FILE_MANDLOCK ? " mandlock" : "",
		 report_errno(file->address_op), report_errno(file->map_op), deny_name(file->deny, deny));
}

char *report_call(char text[static REPORT_TEXT], const struct rules_call *call, const struct nommu_file_attr *file)
{
	char what[256], prot[4], deny[4];

	if (file)
		file_text(what, sizeof(what), file);
	else
		snprintf(what, sizeof(what), "anonymous deny=%s", deny_name(call->deny_anonymous, deny));
	snprintf(text, REPORT_TEXT,
		 "%s %s%s%s flags=%#x addr=%#" PRIx64 " length=%#" PRIx64 " offset=%#" PRIx64 " limit=%#" PRIx64
		 " fd=%s%s%s%s%s%s%s | %s",
		 prot_name(call->prot, prot), type_name(call->flags), call->flags & MAP_FIXED ? " FIXED" : "",
		 call->flags & MAP_FIXED_NOREPLACE ? " NOREPLACE" : "", (unsigned int)call->flags, call->addr,
		 call->length, (uint64_t)call->offset, call->limit, call->fd & NOMMU_FD_OPEN ? "open" : "closed",
		 call->fd & NOMMU_FD_PATH ? ",path" : "", call->fd & NOMMU_FD_READ ? ",read" : "",
		 call->fd & NOMMU_FD_WRITE ? ",write" : "", call->task & NOMMU_TASK_TRACED ? " traced" : "",
		 call->task & NOMMU_TASK_READ_IMPLIES_EXEC ? " read-implies-exec" : "", call->locked ? " locked" : "",
		 what);
	return text;
}

static const char *rule_name(enum nommu_rule rule)
{
	return rule ? nommu_rule_name(rule) : "-";
}

static void plan_text(char *text, size_t size, const struct rules_plan *plan)
{
	char prot[4];

	snprintf(text, size, "%s%s%s%s%s%s%s pgoff=%#" PRIx64 " pages=%#" PRIx64 " dropped by %s",
		 prot_name(plan->prot, prot), plan->anonymous ? " anonymous" : "", plan->shared ? " shared" : "",
		 plan->shareable ? " shareable" : "", plan->direct ? " direct" : "", plan->copy ? " copy" : "",
		 plan->no_address_op ? " no_address_op" : "", plan->pgoff, plan->pages, rule_name(plan->dropped));
}

char *report_plan(char text[static REPORT_TEXT], int error, const struct rules_plan *plan)
{
	char what[256] = "";

	if (!error)
		plan_text(what, sizeof(what), plan);
	snprintf(text, REPORT_TEXT, "%s rule=%s %s", report_errno(error), rule_name(plan->rule), what);
	return text;
}

char *report_found(char text[static REPORT_TEXT], const struct rules_found *found, const struct rules_answers *answers)
{
	static const char *const matches[] = {"none", "exact", "part"};

	snprintf(text, REPORT_TEXT, "found=%s%s%s address=%s map=%s", matches[found->match % 3],
		 found->direct ? ",direct" : "", found->overlap ? " overlap" : "", report_errno(answers->address),
		 report_errno(answers->map));
	return text;
}

char *report_placed(char text[static REPORT_TEXT], const struct rules_placed *placed)
{
	static const char *const actions[] = {"refuse", "join", "direct", "copy"};

	snprintf(text, REPORT_TEXT, "%s %s rule=%s dropped by %s",
		 (unsigned int)placed->action < 4 ? actions[placed->action] : "no action at all",
		 report_errno(placed->error), rule_name(placed->rule), rule_name(placed->dropped));
	return text;
}

void report_rows(const struct table *table, const uint64_t seen[static TABLE_PROFILES], const char *what)
{
	for (unsigned int profile = 0; profile < TABLE_PROFILES; profile++) {
		uint64_t rest = table_rows_in(table, (enum nommu_profile)profile) & ~seen[profile];
		const struct table_row *row;

		if (!rest)
			continue;
		row = &table->rows[__builtin_ctzll(rest)];
		ck_abort_msg("%s: row %s (%s) was never %s, and %d more", report_profile((enum nommu_profile)profile),
			     rule_name(row->rule), row->text, what, __builtin_popcountll(rest) - 1);
	}
}
