/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm - mapcall's calls of System V shared memory.
 *
 *	shmget NAME KEY|private SIZE FLAG,…          FLAG: creat excl huge or a number, as 0600
 *	shmat NAME ID FLAG,… [AT]                    FLAG: rdonly exec rnd remap or 0
 *	shmdt AT
 *	shmctl ID rmid|lock|unlock|stat|info|NUMBER  without a buffer where one is not needed
 *	shmset ID UID GID MODE                       shmfault ID COMMAND: with a buffer that is nowhere
 *	shmsee ID FIELD                              of IPC_STAT: key size mode nattch uid gid cuid cgid seq,
 *	                                             cpid and lpid ("mine", or not), atime dtime ctime ("now", or not)
 *	shmindex ID FIELD                            the same by SHM_STAT, at the ID's index; shmany by SHM_STAT_ANY
 *	shminfo max|min|mni|all                      shmused ids|pages|highest
 *	become UID GID                               without other groups
 *
 * ID is a NAME or a number.
 */
#include <errno.h>
#include <grp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/shm.h>
#include <time.h>
#include <unistd.h>

#include "mapcall/mapcall.h"

static struct name ids[NAMES_MAX];

static const struct flag get_flags[] = {
	{ "creat", IPC_CREAT }, { "excl", IPC_EXCL }, { "huge", SHM_HUGETLB }, { NULL, 0 },
};

static const struct flag at_flags[] = {
	{ "rdonly", SHM_RDONLY }, { "exec", SHM_EXEC }, { "rnd", SHM_RND }, { "remap", SHM_REMAP }, { NULL, 0 },
};

static const struct flag commands[] = {
	{ "rmid", IPC_RMID }, { "lock", SHM_LOCK }, { "unlock", SHM_UNLOCK }, { "stat", IPC_STAT }, { "set", IPC_SET },
	{ "info", IPC_INFO }, { "used", SHM_INFO }, { "index", SHM_STAT }, { NULL, 0 },
};

static int id_of(const char *text)
{
	struct name *found = look_up(ids, text, strlen(text));

	return found ? (int)found->value : (int)number(text);
}

static void do_get(char **word)
{
	key_t key = strcmp(word[2], "private") == 0 ? IPC_PRIVATE : (key_t)number(word[2]);
	int id = shmget(key, (size_t)number(word[3]), (int)flags_of(word[4], get_flags));

	answer(id < 0);
	if (id >= 0)
		remember(ids, word[1], id);
}

static void do_at(int words, char **word)
{
	void *addr = shmat(id_of(word[2]), words > 4 ? at(word[4]) : NULL, (int)flags_of(word[3], at_flags));

	answer(addr == (void *)-1);
	if (addr != (void *)-1)
		remember(maps, word[1], (long)addr);
}

static void put_time(time_t when)
{
	if (when)
		puts(time(NULL) - when < 60 && when <= time(NULL) ? "now" : "not now");
	else
		puts("0");
}

static void put_field(const struct shmid_ds *ds, const char *field)
{
	if (strcmp(field, "key") == 0)
		printf("%#x\n", ds->shm_perm.__key);
	else if (strcmp(field, "size") == 0)
		printf("%zu\n", ds->shm_segsz);
	else if (strcmp(field, "mode") == 0)
		printf("%#o\n", ds->shm_perm.mode);
	else if (strcmp(field, "nattch") == 0)
		printf("%lu\n", (unsigned long)ds->shm_nattch);
	else if (strcmp(field, "uid") == 0)
		printf("%u\n", ds->shm_perm.uid);
	else if (strcmp(field, "gid") == 0)
		printf("%u\n", ds->shm_perm.gid);
	else if (strcmp(field, "cuid") == 0)
		printf("%u\n", ds->shm_perm.cuid);
	else if (strcmp(field, "cgid") == 0)
		printf("%u\n", ds->shm_perm.cgid);
	else if (strcmp(field, "seq") == 0)
		printf("%u\n", ds->shm_perm.__seq);
	else if (strcmp(field, "cpid") == 0)
		puts(ds->shm_cpid == getpid() ? "mine" : ds->shm_cpid ? "another's" : "0");
	else if (strcmp(field, "lpid") == 0)
		puts(ds->shm_lpid == getpid() ? "mine" : ds->shm_lpid ? "another's" : "0");
	else if (strcmp(field, "atime") == 0)
		put_time(ds->shm_atime);
	else if (strcmp(field, "dtime") == 0)
		put_time(ds->shm_dtime);
	else if (strcmp(field, "ctime") == 0)
		put_time(ds->shm_ctime);
	else
		die("no such field", field);
}

static void do_see(int command, char **word)
{
	int id = id_of(word[1]), result;
	struct shmid_ds ds;

	memset(&ds, 0xa5, sizeof(ds));
	errno = 0;
	result = shmctl(command == IPC_STAT ? id : id & 0x7fff, command, &ds);
	if (result < 0)
		answer(1);
	else if (result != (command == IPC_STAT ? 0 : id))
		printf("returned %d\n", result);
	else
		put_field(&ds, word[2]);
}

static void do_info(const char *field)
{
	struct shminfo info;

	if (shmctl(0, IPC_INFO, (struct shmid_ds *)(void *)&info) < 0)
		answer(1);
	else if (strcmp(field, "max") == 0)
		printf("%lu\n", info.shmmax);
	else if (strcmp(field, "min") == 0)
		printf("%lu\n", info.shmmin);
	else if (strcmp(field, "mni") == 0)
		printf("%lu %lu\n", info.shmmni, info.shmseg);
	else
		printf("%lu\n", info.shmall);
}

static void do_used(const char *field)
{
	struct shm_info info;
	int highest = shmctl(0, SHM_INFO, (struct shmid_ds *)(void *)&info);

	if (highest < 0)
		answer(1);
	else if (strcmp(field, "ids") == 0)
		printf("%d\n", info.used_ids);
	else if (strcmp(field, "pages") == 0)
		printf("%lu %lu %lu\n", info.shm_tot, info.shm_rss, info.shm_swp);
	else
		printf("%d\n", highest);
}

static void do_set(char **word)
{
	struct shmid_ds ds = { .shm_perm = { .uid = (uid_t)number(word[2]),
					     .gid = (gid_t)number(word[3]),
					     .mode = (unsigned short)number(word[4]) } };

	answer(shmctl(id_of(word[1]), IPC_SET, &ds) < 0);
}

bool run_shm(int words, char **word)
{
	const char *verb = word[0];

	errno = 0;
	if (strcmp(verb, "shmget") == 0 && words == 5)
		do_get(word);
	else if (strcmp(verb, "shmat") == 0 && words >= 4)
		do_at(words, word);
	else if (strcmp(verb, "shmdt") == 0 && words == 2)
		answer(shmdt(at(word[1])) < 0);
	else if (strcmp(verb, "shmctl") == 0 && words == 3)
		answer(shmctl(id_of(word[1]), (int)flags_of(word[2], commands), NULL) < 0);
	else if (strcmp(verb, "shmfault") == 0 && words == 3)
		answer(shmctl(id_of(word[1]), (int)flags_of(word[2], commands), (struct shmid_ds *)8) < 0);
	else if (strcmp(verb, "shmset") == 0 && words == 5)
		do_set(word);
	else if (strcmp(verb, "shmsee") == 0 && words == 3)
		do_see(IPC_STAT, word);
	else if (strcmp(verb, "shmindex") == 0 && words == 3)
		do_see(SHM_STAT, word);
	else if (strcmp(verb, "shmany") == 0 && words == 3)
		do_see(SHM_STAT_ANY, word);
	else if (strcmp(verb, "shminfo") == 0 && words == 2)
		do_info(word[1]);
	else if (strcmp(verb, "shmused") == 0 && words == 2)
		do_used(word[1]);
	else if (strcmp(verb, "become") == 0 && words == 3)
		answer(setgroups(0, NULL) < 0 || setegid((gid_t)number(word[2])) < 0 ||
		       seteuid((uid_t)number(word[1])) < 0);
	else
		return false;
	return true;
}
