/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * rules - what a machine without an MMU permits. Pure: no state, no effects, total over every input.
 *
 * Two steps. rules_check looks at the call alone and refuses, or yields a plan; rules_place looks at the plan, at the
 * region that was found for it and at the driver's answers, and says what to do. Acting is mmap.c's work.
 */
#ifndef ENGINE_RULES_H
#define ENGINE_RULES_H

#include "nommu.h"

struct rules_call {
	uint64_t addr;
	uint64_t length;
	int prot;
	int flags;
	int64_t offset;
	uint64_t limit; /* bytes of address space: 4 GiB, or the end of the highest window if that is higher */
	uint32_t fd;    /* NOMMU_FD_… */
	uint32_t task;  /* NOMMU_TASK_… */
	uint32_t deny_anonymous;
	bool locked;    /* another process holds a POSIX record lock on the file */
};

struct rules_plan {
	int prot;       /* with PROT_EXEC added where it is implied */
	bool anonymous;
	bool shared;    /* MAP_SHARED of a file */
	bool shareable; /* may join, and be joined */
	bool direct;    /* may lie on the backing store */
	bool copy;      /* may be a copy */
	bool no_address_op; /* the address operation is not to be asked: there is none, or the caller is traced */
	uint64_t pgoff;
	uint64_t pages;
	enum nommu_rule rule;    /* what refused; NONE with a plan */
	enum nommu_rule dropped; /* what dropped direct first, DEFAULT_CAPS if it never was there; NONE while it is left */
};

/* @file is NULL exactly if flags has MAP_ANONYMOUS. If the descriptor is bad @file is not looked at beyond that.
 * Returns 0 with the plan, or -errno with plan->rule. */
int rules_check(enum nommu_profile profile, const struct rules_call *call, const struct nommu_file_attr *file,
		struct rules_plan *plan);

enum rules_match {
	RULES_MATCH_NONE,
	RULES_MATCH_EXACT, /* same offset and length */
	RULES_MATCH_PART,  /* the request is a part of it */
};

/* The best region to join, of the shareable regions of the inode whose pages are all still the file's. */
struct rules_found {
	enum rules_match match;
	bool direct;  /* the region is direct */
	bool overlap; /* some shareable region overlaps inexactly; `linux6`: and does not contain the request */
};

struct rules_answers {
	int address; /* 0 an address was given, NOMMU_OP_NONE, or -errno */
	int map;     /* 0, or -errno */
};

enum rules_action {
	RULES_REFUSE,
	RULES_JOIN,
	RULES_DIRECT,
	RULES_COPY, /* also: fresh pages for anonymous memory */
};

struct rules_placed {
	enum rules_action action;
	int error;               /* of a refusal, -errno */
	enum nommu_rule rule;    /* what refused, or REUSE, DIRECT, COPY, ANONYMOUS */
	enum nommu_rule dropped; /* what made it a copy */
};

/* Total: any combination has an answer. */
void rules_place(enum nommu_profile profile, const struct rules_plan *plan, const struct rules_found *found,
		 const struct rules_answers *answers, struct rules_placed *placed);

#endif
