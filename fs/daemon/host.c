/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* host - see host.h */
#include "daemon/host.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "engine/host.h"

#define KEEP      (UINT64_C(64) << 20) /* bytes that the host is left with */
#define OOM_SCORE "/proc/self/oom_score_adj"
#define OOM_MAX   1000

int host_can_spare(uint64_t bytes, const char *what, struct nommu_why *why)
{
	uint64_t have = host_memory(&os_host);

	if (have > KEEP && bytes <= have - KEEP)
		return 0;
	snprintf(why->text, sizeof(why->text),
		 "%.100s: %" PRIu64 " MiB are more than the host can spare, %" PRIu64 " MiB", what,
		 bytes >> 20, have > KEEP ? (have - KEEP) >> 20 : 0);
	return -ENOMEM;
}

static void set_score(int score)
{
	FILE *file = fopen(OOM_SCORE, "we");

	if (!file)
		return;
	fprintf(file, "%d", score);
	fclose(file);
}

int host_volunteer(void)
{
	FILE *file = fopen(OOM_SCORE, "re");
	int before;

	if (!file || fscanf(file, "%d", &before) != 1)
		before = OOM_MAX;
	if (file)
		fclose(file);
	if (before != OOM_MAX)
		set_score(OOM_MAX);
	return before;
}

void host_volunteer_no_more(int before)
{
	if (before != OOM_MAX)
		set_score(before);
}
