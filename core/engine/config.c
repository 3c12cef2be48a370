/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * config - what a board is made from, and what of it cannot be.
 */
#include <errno.h>

#include "engine/why.h"

void nommu_config_init(struct nommu_config *config)
{
	*config = (struct nommu_config){
		.ram = NOMMU_RAM_DEFAULT,
		.base = NOMMU_BASE_DEFAULT,
		.profile = NOMMU_PROFILE_BDI,
		.max_order = NOMMU_MAX_ORDER_DEFAULT,
		.trim = 1,
	};
}

int nommu_config_check(const struct nommu_config *c, struct nommu_why *why)
{
	uint64_t block = NOMMU_PAGE_SIZE << (c->max_order < NOMMU_ORDERS ? c->max_order : 0);

	if (c->profile > NOMMU_PROFILE_LINUX6)
		return why_say(why, -EINVAL, "profile: %u is neither bdi (0) nor linux6 (1)", c->profile);
	if (c->max_order >= NOMMU_ORDERS)
		return why_say(why, -EINVAL, "max-order: %u is more than %d", c->max_order, NOMMU_ORDERS - 1);
	if (!c->ram)
		return why_say(why, -EINVAL, "ram: a board needs at least one page of it, %lu bytes", NOMMU_PAGE_SIZE);
	if (c->ram % NOMMU_PAGE_SIZE)
		return why_say(why, -EINVAL, "ram: %llu bytes are not a multiple of the page size, %lu",
			       (unsigned long long)c->ram, NOMMU_PAGE_SIZE);
	if (c->ram > 1ULL << 40)
		return why_say(why, -EINVAL, "ram: %llu bytes are more than 1 TiB", (unsigned long long)c->ram);
	if (c->shms > NOMMU_SHM_MAX)
		return why_say(why, -EINVAL, "shms: %u System V segments are more than %u", c->shms, NOMMU_SHM_MAX);
	if (!c->base || c->base % block)
		return why_say(why, -EINVAL, "base: 0x%llx is no multiple of the largest block, 0x%llx, above 0",
			       (unsigned long long)c->base, (unsigned long long)block);
	if (c->base > (1ULL << 46) - c->ram)
		return why_say(why, -EINVAL, "base: RAM from 0x%llx would end above 0x%llx",
			       (unsigned long long)c->base, 1ULL << 46);
	/* AddressSanitizer's shadow begins there; a board may lie above, not across. */
	if (c->base < 0x7fff7000 && c->base + c->ram > 0x7fff7000)
		return why_say(why, -EINVAL,
			       "ram: %llu bytes from 0x%llx reach beyond 0x7fff7000; a larger board needs a base above "
			       "4 GiB, as base=0x200000000",
			       (unsigned long long)c->ram, (unsigned long long)c->base);
	return 0;
}
