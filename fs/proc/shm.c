/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* shm - /proc/sysvipc/shm, in the columns of a 64-bit kernel's. */
#include "proc/proc.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "nommu_shm.h"

static void put(FILE *file, const struct nommu_shm *shm)
{
	uint64_t resident = (shm->size + NOMMU_PAGE_SIZE - 1) & ~(NOMMU_PAGE_SIZE - 1);

	fprintf(file, "%10" PRId32 " %10" PRId32 "  %4" PRIo32 " %21" PRIu64 " %5" PRId32 " %5" PRId32 "  %5" PRIu32,
		shm->key, shm->id, shm->mode, shm->size, shm->cpid, shm->lpid, shm->attaches);
	fprintf(file, " %5" PRIu32 " %5" PRIu32 " %5" PRIu32 " %5" PRIu32 " %10" PRId64 " %10" PRId64 " %10" PRId64,
		shm->uid, shm->gid, shm->cuid, shm->cgid, shm->atime, shm->dtime, shm->ctime);
	/* It is all there, and there is nowhere to swap it to. */
	fprintf(file, " %21" PRIu64 " %21" PRIu64 "\n", resident, (uint64_t)0);
}

int proc_shm(struct nommu_board *board, struct proc_text *text)
{
	struct nommu_shm *shms;
	size_t count;
	FILE *file;
	int error = nommu_shms(board, &shms, &count);

	if (error)
		return error;
	file = proc_text_begin(text);
	if (file)
		fputs("       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      "
		      "atime      dtime      ctime                   rss                  swap\n",
		      file);
	for (size_t i = 0; file && i < count; i++)
		put(file, &shms[i]);
	free(shms);
	return file ? proc_text_end(file, text, 0) : -ENOMEM;
}
