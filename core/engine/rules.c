/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/rules.h"

#include <errno.h>
#include <sys/mman.h>

#ifndef MAP_TYPE
#define MAP_TYPE 0x0f
#endif

static int refuse(struct rules_plan *plan, int error, enum nommu_rule rule)
{
	plan->rule = rule;
	return error;
}

static void drop_direct(struct rules_plan *plan, enum nommu_rule rule)
{
	if (plan->direct && !plan->dropped)
		plan->dropped = rule;
	plan->direct = false;
}

static bool denied(uint32_t deny, int prot)
{
	uint32_t all = deny & (PROT_READ | PROT_WRITE | PROT_EXEC);

	return deny & NOMMU_DENY && ((uint32_t)prot & all) == all;
}

/* Whether the capabilities let memory be used so where it lies. */
static bool permitted(uint32_t caps, int prot)
{
	return !((prot & PROT_READ && !(caps & BDI_CAP_READ_MAP)) ||
		 (prot & PROT_WRITE && !(caps & BDI_CAP_WRITE_MAP)) ||
		 (prot & PROT_EXEC && !(caps & BDI_CAP_EXEC_MAP)));
}

/* Today's kernel computes it, and loses it. */
static bool implies_exec(enum nommu_profile profile, const struct rules_call *call)
{
	return profile == NOMMU_PROFILE_BDI && call->prot & PROT_READ && call->task & NOMMU_TASK_READ_IMPLIES_EXEC;
}

/* The call's own arguments, before anything of the file is looked at. */
static int check_arguments(enum nommu_profile profile, const struct rules_call *call, struct rules_plan *plan)
{
	bool bdi = profile == NOMMU_PROFILE_BDI;
	int type = call->flags & MAP_TYPE;
	uint64_t pages = (call->length >> NOMMU_PAGE_SHIFT) + !!(call->length & (NOMMU_PAGE_SIZE - 1));

	if (call->flags & MAP_FIXED || (bdi && call->flags & MAP_FIXED_NOREPLACE))
		return refuse(plan, -EINVAL, NOMMU_RULE_FIXED);
	if (bdi && call->addr)
		return refuse(plan, -EINVAL, NOMMU_RULE_HINT);
	if (type != MAP_PRIVATE && type != MAP_SHARED)
		return refuse(plan, -EINVAL, NOMMU_RULE_TYPE);
	if (!call->length)
		return refuse(plan, -EINVAL, NOMMU_RULE_LENGTH_ZERO);
	if (pages > call->limit >> NOMMU_PAGE_SHIFT)
		return refuse(plan, bdi ? -EINVAL : -ENOMEM, NOMMU_RULE_LENGTH_RANGE);
	if (plan->pgoff + pages < plan->pgoff)
		return refuse(plan, bdi ? -EINVAL : -EOVERFLOW, NOMMU_RULE_OFFSET_WRAP);
	plan->pages = pages;
	return 0;
}

static int check_shared(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
			uint32_t caps, struct rules_plan *plan)
{
	bool writable = call->fd & NOMMU_FD_WRITE;

	if (call->prot & PROT_WRITE && !writable)
		return refuse(plan, -EACCES, NOMMU_RULE_SHARED_WRITE);
	if (file->flags & NOMMU_FILE_APPEND && writable)
		return refuse(plan, -EACCES, NOMMU_RULE_APPEND);
	if (profile == NOMMU_PROFILE_BDI && file->flags & NOMMU_FILE_MANDLOCK && call->locked)
		return refuse(plan, -EAGAIN, NOMMU_RULE_LOCKED);
	if (!plan->direct)
		return refuse(plan, -ENODEV, NOMMU_RULE_SHARED_NOT_DIRECT);
	if (!permitted(caps, call->prot))
		return refuse(plan, -EINVAL, NOMMU_RULE_SHARED_PROTECTION);
	/* A shared mapping must not become private. */
	plan->copy = false;
	return 0;
}

static int check_private(const struct rules_call *call, uint32_t caps, struct rules_plan *plan)
{
	if (!plan->copy)
		return refuse(plan, -ENODEV, NOMMU_RULE_PRIVATE_NO_COPY);
	if (call->prot & PROT_WRITE)
		drop_direct(plan, NOMMU_RULE_PRIVATE_WRITE);
	if (!permitted(caps, call->prot))
		drop_direct(plan, NOMMU_RULE_PRIVATE_PROTECTION);
	return 0;
}

static int check_file(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
		      struct rules_plan *plan)
{
	bool bdi = profile == NOMMU_PROFILE_BDI;
	bool unset = !(file->flags & NOMMU_FILE_CAPS_SET) || (bdi && !file->caps);
	uint32_t caps = unset ? nommu_caps_default(file->kind) : file->caps;
	int error;

	if (file->map_op == NOMMU_OP_NONE || file->kind == NOMMU_KIND_OTHER)
		return refuse(plan, -ENODEV, NOMMU_RULE_NO_MMAP);
	if (unset && !caps)
		return refuse(plan, -EINVAL, NOMMU_RULE_DEFAULT_CAPS);
	plan->direct = caps & BDI_CAP_MAP_DIRECT;
	plan->copy = caps & BDI_CAP_MAP_COPY;
	plan->no_address_op = file->address_op == NOMMU_OP_NONE;
	if (!plan->direct)
		plan->dropped = NOMMU_RULE_DEFAULT_CAPS;
	if (plan->no_address_op)
		drop_direct(plan, NOMMU_RULE_STRIP);
	if (file->flags & NOMMU_FILE_NO_READ)
		plan->copy = false;
	if (!bdi && !(call->fd & NOMMU_FD_READ))
		return refuse(plan, -EACCES, NOMMU_RULE_UNREADABLE);
	error = plan->shared ? check_shared(profile, call, file, caps, plan) : check_private(call, caps, plan);
	if (error)
		return error;
	if (file->flags & NOMMU_FILE_NOEXEC) {
		if (call->prot & PROT_EXEC)
			return refuse(plan, -EPERM, NOMMU_RULE_NOEXEC);
	} else if (call->prot & PROT_READ && call->prot & PROT_EXEC && !(caps & BDI_CAP_EXEC_MAP)) {
		drop_direct(plan, NOMMU_RULE_EXEC_COPY);
	} else if (implies_exec(profile, call) && caps & BDI_CAP_EXEC_MAP) {
		plan->prot |= PROT_EXEC;
	}
	plan->shareable = plan->shared || !(call->prot & PROT_WRITE);
	if (!plan->shared && call->task & NOMMU_TASK_TRACED) {
		/* A debugger's breakpoints must not show in somebody else's mapping. */
		plan->shareable = false;
		plan->no_address_op = true;
		drop_direct(plan, NOMMU_RULE_TRACED);
	}
	return 0;
}

int rules_check(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
		struct rules_plan *plan)
{
	bool bdi = profile == NOMMU_PROFILE_BDI;
	uint32_t deny;
	int error;

	*plan = (struct rules_plan){
		.prot = call->prot,
		.anonymous = !file,
		.shared = file && (call->flags & MAP_TYPE) == MAP_SHARED,
		.pgoff = (uint64_t)(call->offset >> NOMMU_PAGE_SHIFT),
	};
	if (call->offset & (int64_t)(NOMMU_PAGE_SIZE - 1))
		return refuse(plan, -EINVAL, NOMMU_RULE_OFFSET_ALIGN);
	if (file && (!(call->fd & NOMMU_FD_OPEN) || call->fd & NOMMU_FD_PATH))
		return refuse(plan, -EBADF, NOMMU_RULE_BAD_DESCRIPTOR);
	deny = file ? file->deny : call->deny_anonymous;
	if (!bdi && denied(deny, call->prot))
		return refuse(plan, -EPERM, NOMMU_RULE_SECURITY);
	error = check_arguments(profile, call, plan);
	if (error)
		return error;
	if (file) {
		error = check_file(profile, call, file, plan);
		if (error)
			return error;
	} else {
		plan->copy = true;
		if (implies_exec(profile, call))
			plan->prot |= PROT_EXEC;
	}
	if (bdi && denied(deny, plan->prot))
		return refuse(plan, -EPERM, NOMMU_RULE_SECURITY);
	return 0;
}

static void place_refuse(struct rules_placed *placed, int error, enum nommu_rule rule)
{
	placed->action = RULES_REFUSE;
	placed->error = error;
	placed->rule = rule;
}

void rules_place(enum nommu_profile profile, const struct rules_plan *plan, const struct rules_found *found,
		 const struct rules_answers *answers, struct rules_placed *placed)
{
	bool bdi = profile == NOMMU_PROFILE_BDI;
	bool match = found->match == RULES_MATCH_EXACT || (found->match == RULES_MATCH_PART && !bdi);
	bool direct = plan->direct, given = false;

	*placed = (struct rules_placed){ .dropped = plan->dropped };
	if (plan->anonymous) {
		placed->action = RULES_COPY;
		placed->rule = NOMMU_RULE_ANONYMOUS;
		placed->dropped = NOMMU_RULE_NONE;
		return;
	}
	if (plan->shareable && match && (found->direct || !plan->shared)) {
		if (!bdi && found->direct && answers->map) {
			place_refuse(placed, answers->map == -ENOSYS || answers->map > 0 ? -ENODEV : answers->map,
				     NOMMU_RULE_MAP_REFUSED);
			return;
		}
		placed->action = RULES_JOIN;
		placed->rule = NOMMU_RULE_REUSE;
		return;
	}
	if (plan->shareable && found->overlap && !direct) {
		place_refuse(placed, -EINVAL, NOMMU_RULE_SHARE_OVERLAP);
		return;
	}
	if (plan->shareable && !plan->no_address_op && (bdi || direct)) {
		if (answers->address < 0 && answers->address != -ENOSYS) {
			place_refuse(placed, answers->address, NOMMU_RULE_ADDRESS_REFUSED);
			return;
		}
		given = answers->address == 0;
		if (!given) {
			if (direct && !placed->dropped)
				placed->dropped = NOMMU_RULE_ADDRESS_REFUSED;
			direct = false;
			if (!plan->copy) {
				place_refuse(placed, -ENODEV, NOMMU_RULE_ADDRESS_REFUSED);
				return;
			}
		}
	}
	if (bdi || direct) {
		if (answers->map < 0 && answers->map != -ENOSYS) {
			place_refuse(placed, answers->map, NOMMU_RULE_MAP_REFUSED);
			return;
		}
		if (answers->map == 0 && direct && given) {
			placed->action = RULES_DIRECT;
			placed->rule = NOMMU_RULE_DIRECT;
			placed->dropped = NOMMU_RULE_NONE;
			return;
		}
		if (direct && !placed->dropped)
			placed->dropped = NOMMU_RULE_MAP_REFUSED;
	}
	if (plan->shared || !plan->copy) {
		place_refuse(placed, -ENODEV, NOMMU_RULE_MAP_REFUSED);
		return;
	}
	placed->action = RULES_COPY;
	placed->rule = NOMMU_RULE_COPY;
}
