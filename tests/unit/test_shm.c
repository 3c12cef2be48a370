/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_shm - System V segments: every errno, where they are attached, and how long they live. Who may do what is in
 * test_shm_access.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>

#include "shm_board.h"
#include "suites.h"

/* ---- shmget ---------------------------------------------------------------------------------------------------- */

START_TEST(made)
{
	struct nommu_shm shm;
	int32_t id, again;
	time_t now;

	open_board((enum nommu_profile)_i);
	memset((void *)b->ram, 0x5a, PAGES * PAGE);
	ck_assert_int_eq(get(0x1234, 5 * PAGE - 1, IPC_CREAT | 0640, &id), 0);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_CREATED);
	ck_assert_uint_eq(v.addr % (8 * PAGE), 0);
	ck_assert_uint_eq(free_pages(), PAGES - 5);
	for (uint64_t i = 0; i < 5 * PAGE; i++)
		ck_assert_int_eq(((char *)v.addr)[i], 0);
	now = time(NULL);
	shm = stat_of(id);
	ck_assert(shm.id == id && shm.key == 0x1234 && shm.mode == 0640 && shm.uid == 1000 && shm.gid == 100 &&
		  shm.cuid == 1000 && shm.cgid == 100 && shm.cpid == 77 && shm.lpid == 0 && shm.attaches == 0 &&
		  shm.size == 5 * PAGE - 1 && shm.atime == 0 && shm.dtime == 0);
	ck_assert(shm.ctime <= now && shm.ctime > now - 100);
	/* The same key is the same segment; IPC_PRIVATE always a new one. */
	ck_assert_int_eq(get(0x1234, 0, 0, &again), 0);
	ck_assert_int_eq(again, id);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_FOUND);
	ck_assert_int_eq(get(0x1234, 5 * PAGE - 1, CREATE, &again), 0);
	ck_assert_int_eq(again, id);
	ck_assert_int_ne(make(IPC_PRIVATE, 1), id);
	ck_assert_int_ne(make(IPC_PRIVATE, 1), make(IPC_PRIVATE, 1));
	close_board();
}
END_TEST

START_TEST(refused)
{
	static const struct nommu_mm nobody = { 7, 1 };
	int32_t id, kept;
	uint64_t free;

	open_board((enum nommu_profile)_i);
	kept = make(5, 2);
	free = free_pages();
	const struct {
		int32_t key;
		uint64_t size;
		int flags, error;
		enum nommu_rule rule;
	} rows[] = {
		{ 6, PAGE, 0600, -ENOENT, NOMMU_RULE_SHM_NO_KEY },
		{ 6, 0, 0, -ENOENT, NOMMU_RULE_SHM_NO_KEY },
		{ 6, PAGE, IPC_EXCL, -ENOENT, NOMMU_RULE_SHM_NO_KEY },
		{ 5, PAGE, CREATE | IPC_EXCL, -EEXIST, NOMMU_RULE_SHM_EXISTS },
		{ 5, 3 * PAGE, CREATE | IPC_EXCL, -EEXIST, NOMMU_RULE_SHM_EXISTS },
		{ 5, 2 * PAGE, IPC_EXCL, 0, NOMMU_RULE_SHM_FOUND },
		{ 5, 2 * PAGE + 1, 0, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 5, 2 * PAGE + 1, CREATE, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 6, 0, CREATE, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ IPC_PRIVATE, 0, 0600, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 6, ULONG_MAX, CREATE, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 6, ULONG_MAX - (1UL << 24) + 1, CREATE, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 6, ULONG_MAX - (1UL << 24), CREATE, -EFBIG, NOMMU_RULE_SHM_LARGE },
		{ 6, PAGE, CREATE | SHM_HUGETLB, -EINVAL, NOMMU_RULE_SHM_SIZE },
		{ 6, 32 * PAGE + 1, CREATE, -EFBIG, NOMMU_RULE_SHM_LARGE },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int result = get(rows[i].key, rows[i].size, rows[i].flags, &id);

		ck_assert_msg(result == rows[i].error && v.error == result && v.rule == rows[i].rule,
			      "row %zu: %d by %s", i, result, nommu_rule_name(v.rule));
	}
	ck_assert_int_eq(nommu_shm_get(b, &nobody, &maker, 6, PAGE, CREATE, &id, &v), -ESRCH);
	ck_assert_uint_eq(free_pages(), free);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, kept, &v), 0);
	/* No run; no record; and what was refused took nothing. */
	for (int i = 0; i < 5; i++)
		make(IPC_PRIVATE, 32);
	for (uint64_t taken = 5 * 32; taken < PAGES; taken += 32) {
		struct nommu_request r = { .length = 32 * PAGE, .flags = MAP_PRIVATE | MAP_ANONYMOUS };

		ck_assert_int_eq(nommu_mmap(b, &mm, &r, &v), 0);
	}
	ck_assert_int_eq(get(6, PAGE, CREATE, &id), -ENOMEM);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_NO_MEMORY);
	ck_assert_int_eq(nommu_mm_exit(b, &mm), 0);
	ck_assert_int_eq(nommu_mm_create(b, 1, "first", &mm), 0);
	make(IPC_PRIVATE, 1);
	ck_assert_int_eq(get(6, PAGE, CREATE, &id), -ENOSPC);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_FULL);
	ck_assert_uint_eq(free_pages(), PAGES - 5 * 32 - 1);
	close_board();
}
END_TEST

/* ---- shmat, shmdt ---------------------------------------------------------------------------------------------- */

START_TEST(attached)
{
	struct nommu_map *maps;
	uint64_t addr;
	size_t count;
	int32_t id;

	open_board((enum nommu_profile)_i);
	ck_assert_int_eq(get(5, 3 * PAGE, IPC_CREAT | 0700, &id), 0);
	addr = attach(&mm, id, 0);
	ck_assert_uint_eq(v.how, NOMMU_HOW_DIRECT);
	ck_assert_uint_eq(addr % (4 * PAGE), 0);
	ck_assert_uint_eq(attach(&other, id, SHM_RDONLY), addr);
	ck_assert_uint_eq(v.joined, true);
	ck_assert_uint_eq(attach(&other, id, SHM_RDONLY | SHM_EXEC | SHM_RND), addr);
	ck_assert_uint_eq(stat_of(id).attaches, 3);
	ck_assert_int_eq(stat_of(id).lpid, 2);
	ck_assert_int_ge(stat_of(id).atime, stat_of(id).ctime);
	ck_assert_int_eq(stat_of(id).dtime, 0);
	ck_assert_int_eq(nommu_maps(b, &other, &maps, &count), 0);
	ck_assert_uint_eq(count, 2);
	for (size_t i = 0; i < count; i++) {
		ck_assert(maps[i].share == 'S' && maps[i].end - maps[i].start == 3 * PAGE && !(maps[i].prot & PROT_WRITE));
		ck_assert_str_eq(maps[i].name, "/SYSV00000005");
	}
	ck_assert_int_eq((maps[0].prot | maps[1].prot) & PROT_EXEC, PROT_EXEC);
	ck_assert_int_eq((maps[0].prot & maps[1].prot) & PROT_EXEC, 0);
	free(maps);
	/* The exact start, by who attached it, once each. */
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr + PAGE, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr + 1, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, 0, &v), -EINVAL);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_NOT_ATTACHED);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr, &v), 0);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr, &v), -EINVAL);
	ck_assert_int_eq(stat_of(id).lpid, 1);
	ck_assert_int_ge(stat_of(id).dtime, stat_of(id).ctime);
	ck_assert_int_eq(nommu_shm_detach(b, &other, addr, &v), 0);
	ck_assert_uint_eq(stat_of(id).attaches, 1);
	/* munmap of the whole does as well (kernel). */
	ck_assert_int_eq(nommu_munmap(b, &other, addr, PAGE, &v), -EINVAL);
	ck_assert_int_eq(nommu_munmap(b, &other, addr, 3 * PAGE, &v), 0);
	ck_assert_int_eq(nommu_shm_detach(b, &other, addr, &v), -EINVAL);
	ck_assert_uint_eq(stat_of(id).attaches, 0);
	ck_assert_uint_eq(free_pages(), PAGES - 3);
	close_board();
}
END_TEST

/* Of what shmdt is not for. */
START_TEST(not_a_segment)
{
	struct nommu_request r = { .length = PAGE, .flags = MAP_PRIVATE | MAP_ANONYMOUS };
	struct nommu_file_attr attr;
	uint32_t file;

	open_board((enum nommu_profile)_i);
	ck_assert_int_eq(nommu_mmap(b, &mm, &r, &v), 0);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, v.addr, &v), -EINVAL);
	nommu_file_attr_ram(&attr);
	ck_assert_int_eq(nommu_file_create(b, &(struct nommu_id){ .ino = 3 }, &attr, &file), 0);
	ck_assert_int_eq(nommu_file_truncate(b, file, PAGE), 0);
	r = (struct nommu_request){ .length = PAGE, .prot = PROT_READ, .flags = MAP_SHARED,
				    .fd = NOMMU_FD_OPEN | NOMMU_FD_READ, .id = { .ino = 3 } };
	ck_assert_int_eq(nommu_mmap(b, &mm, &r, &v), 0);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, v.addr, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, 1UL << 46, &v), -EINVAL);
	/* And a segment's file is none of the names that files have. */
	make(5, 1);
	for (uint32_t id = 1; id <= 16; id++)
		ck_assert_int_eq(nommu_file_put(b, id), id == file ? 0 : -ENOENT);
	close_board();
}
END_TEST

START_TEST(attach_refused)
{
	int32_t id, shut;

	open_board((enum nommu_profile)_i);
	id = make(5, 1);
	shut = make(6, 1);
	ck_assert_int_eq(nommu_shm_set(b, &maker, shut, 1000, 100, 0, &v), 0);
	const struct {
		int32_t id;
		uint64_t addr;
		int flags, error;
		enum nommu_rule rule;
	} rows[] = {
		{ -1, 0, 0, -EINVAL, NOMMU_RULE_SHM_NO_ID },
		{ INT32_MIN, 1, SHM_REMAP, -EINVAL, NOMMU_RULE_SHM_NO_ID },
		{ id + 5, 0, 0, -EINVAL, NOMMU_RULE_SHM_NO_ID },
		{ id + 0x8000, 0, 0, -EINVAL, NOMMU_RULE_SHM_NO_ID },
		{ INT32_MAX, 0, 0, -EINVAL, NOMMU_RULE_SHM_NO_ID },
		{ id, b->ram, 0, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ id, 0x10000, 0, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ id, 0x10000, SHM_REMAP, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ id, 0x10001, SHM_RND, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ id, 0, SHM_REMAP, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ shut, 0, 0, -EACCES, NOMMU_RULE_SHM_ACCESS },
		/* An address that is none is seen before the mode, another one after it. */
		{ shut, 0x10000, 0, -EACCES, NOMMU_RULE_SHM_ACCESS },
		{ shut, 0x10001, SHM_RND, -EACCES, NOMMU_RULE_SHM_ACCESS },
		{ shut, 0x10001, 0, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
		{ shut, 0, SHM_REMAP, -EINVAL, NOMMU_RULE_SHM_ADDRESS },
	};
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		int result = nommu_shm_attach(b, &mm, &maker, rows[i].id, rows[i].addr, rows[i].flags, &v);

		ck_assert_msg(result == rows[i].error && v.error == result && v.rule == rows[i].rule,
			      "row %zu: %d by %s", i, result, nommu_rule_name(v.rule));
	}
	ck_assert_uint_eq(stat_of(id).attaches, 0);
	ck_assert_int_eq(nommu_shm_attach(b, &(struct nommu_mm){ 7, 1 }, &maker, id, 0, 0, &v), -ESRCH);
	ck_assert_int_eq(nommu_shm_detach(b, &(struct nommu_mm){ 7, 1 }, b->ram, &v), -ESRCH);
	close_board();
}
END_TEST

/* The personality adds PROT_EXEC to what can be read; the mode is not asked for it. */
START_TEST(implied_exec)
{
	struct nommu_shm_caller caller = maker;
	struct nommu_map *maps;
	size_t count;

	open_board((enum nommu_profile)_i);
	caller.task = NOMMU_TASK_READ_IMPLIES_EXEC;
	ck_assert_int_eq(nommu_shm_attach(b, &mm, &caller, make(5, 1), 0, 0, &v), 0);
	ck_assert_int_eq(nommu_maps(b, &mm, &maps, &count), 0);
	ck_assert_int_eq(maps[0].prot, PROT_READ | PROT_WRITE | (_i == NOMMU_PROFILE_BDI ? PROT_EXEC : 0));
	free(maps);
	close_board();
}
END_TEST

/* ---- the end --------------------------------------------------------------------------------------------------- */

START_TEST(removed)
{
	int32_t id, next;
	uint64_t addr;

	open_board((enum nommu_profile)_i);
	id = make(5, 3);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), 0);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_REMOVED);
	ck_assert_uint_eq(free_pages(), PAGES);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), -EINVAL);
	/* The record is used again, its id is not. */
	next = make(5, 3);
	ck_assert_int_ne(next, id);
	ck_assert_int_eq(gone(id), -EINVAL);
	ck_assert_int_eq(nommu_shm_attach(b, &mm, &maker, id, 0, 0, &v), -EINVAL);

	/* With attaches it is marked: the key is free, and all else as before, to the last detach. */
	id = next;
	addr = attach(&mm, id, 0);
	attach(&other, id, 0);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), 0);
	ck_assert_uint_eq(v.rule, NOMMU_RULE_SHM_MARKED);
	ck_assert_int_eq(get(5, PAGE, 0, &next), -ENOENT);
	next = make(5, 1);
	ck_assert_int_ne(next, id);
	ck_assert(stat_of(id).mode == (0600 | SHM_DEST) && stat_of(id).key == IPC_PRIVATE);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), 0);
	ck_assert_int_eq(nommu_shm_set(b, &maker, id, 1000, 100, 0640, &v), 0);
	ck_assert_uint_eq(stat_of(id).mode, 0640 | SHM_DEST);
	ck_assert_uint_eq(attach(&mm, id, 0), addr);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr, &v), 0);
	ck_assert_int_eq(nommu_shm_detach(b, &mm, addr, &v), 0);
	ck_assert_uint_eq(free_pages(), PAGES - 4);
	ck_assert_int_eq(nommu_shm_detach(b, &other, addr, &v), 0);
	ck_assert_uint_eq(free_pages(), PAGES - 1);
	ck_assert_int_eq(gone(id), -EINVAL);
	ck_assert_int_eq(gone(next), 0);
	close_board();
}
END_TEST

/* The end of a process detaches; what was marked goes then, what was not stays. */
START_TEST(exits)
{
	int32_t marked, kept;

	open_board((enum nommu_profile)_i);
	marked = make(5, 3);
	kept = make(6, 2);
	attach(&mm, marked, 0);
	attach(&mm, marked, 0);
	attach(&mm, kept, 0);
	attach(&other, kept, 0);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, marked, &v), 0);
	ck_assert_int_eq(nommu_mm_exit(b, &mm), 0);
	ck_assert_int_eq(gone(marked), -EINVAL);
	ck_assert_uint_eq(stat_of(kept).attaches, 1);
	ck_assert_int_eq(stat_of(kept).lpid, 1);
	ck_assert_int_ge(stat_of(kept).dtime, stat_of(kept).ctime);
	ck_assert_uint_eq(free_pages(), PAGES - 2);
	ck_assert_int_eq(nommu_mm_exit(b, &other), 0);
	ck_assert_uint_eq(stat_of(kept).attaches, 0);
	ck_assert_uint_eq(free_pages(), PAGES - 2);
	close_board();
}
END_TEST

/* A record's sequence wraps as the kernel's; ids stay positive. */
START_TEST(sequence)
{
	int32_t id = 0, before = -1;

	open_board((enum nommu_profile)_i);
	for (uint32_t i = 0; i <= SHM_SEQUENCE_MAX + 1; i++) {
		id = make(IPC_PRIVATE, 1);
		ck_assert_int_ne(id, before);
		ck_assert_int_eq(nommu_shm_remove(b, &maker, id, &v), 0);
		before = id;
	}
	ck_assert_int_eq(id, 0);
	close_board();
}
END_TEST

START_TEST(configured)
{
	struct nommu_config config;
	struct nommu_why why;

	nommu_config_init(&config);
	config.shms = NOMMU_SHM_MAX;
	ck_assert_int_eq(nommu_config_check(&config, &why), 0);
	config.shms = NOMMU_SHM_MAX + 1;
	ck_assert_int_eq(nommu_config_check(&config, &why), -EINVAL);
	ck_assert_str_eq(why.text, "shms: 4097 System V segments are more than 4096");
}
END_TEST

/* ---- several at once ------------------------------------------------------------------------------------------- */

#define THREADS 4
#define ROUNDS  1500

static unsigned at_once; /* how often somebody else had made it meanwhile */

/* Who finds the key while another's pages are still being cleared, and who comes second with pages of his own. */
static void *share(void *arg)
{
	const struct nommu_mm *own = arg;
	struct nommu_verdict verdict;
	struct nommu_why why;
	uint64_t addr;
	int32_t id;

	for (int i = 0; i < ROUNDS; i++) {
		int result = nommu_shm_get(b, own, &maker, 5, 16 * PAGE, CREATE, &id, &verdict);

		ck_assert_msg(result == 0, "shmget: %d by %s", result, nommu_rule_name(verdict.rule));
		if (verdict.rule == NOMMU_RULE_SHM_FOUND)
			__atomic_fetch_add(&at_once, 1, __ATOMIC_RELAXED);
		result = nommu_shm_attach(b, own, &maker, id, 0, 0, &verdict);
		ck_assert_msg(result == 0 || result == -EINVAL || result == -EIDRM, "shmat: %d", result);
		if (result)
			continue;
		ck_assert_int_eq(*(char *)verdict.addr, 0);
		ck_assert_msg(i % 8 || nommu_verify(b, &why) == 0, "%s", why.text);
		addr = verdict.addr;
		nommu_shm_remove(b, &maker, id, &verdict);
		ck_assert_int_eq(nommu_shm_detach(b, own, addr, &verdict), 0);
	}
	return NULL;
}

START_TEST(contended)
{
	pthread_t thread[THREADS];
	struct nommu_mm own[THREADS];
	struct nommu_stats stats;

	open_board((enum nommu_profile)_i);
	for (int i = 0; i < THREADS; i++) {
		ck_assert_int_eq(nommu_mm_create(b, 9, "thread", &own[i]), 0);
		ck_assert_int_eq(pthread_create(&thread[i], NULL, share, &own[i]), 0);
	}
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], NULL);
	ck_assert_uint_gt(at_once, 0);
	ck_assert_int_eq(nommu_stats(b, &stats), 0);
	ck_assert_uint_eq(stats.pending_pages, 0);
	for (int32_t id = 0; id < SHMS; id++) {
		struct nommu_shm shm;

		if (nommu_shm_stat_at(b, NULL, id, &shm, &v) == 0)
			ck_assert_int_eq(nommu_shm_remove(b, &maker, shm.id, &v), 0);
	}
	ck_assert_uint_eq(free_pages(), PAGES);
	close_board();
}
END_TEST

/* What no single field tells. */
START_TEST(verified)
{
	struct nommu_why why = { "" };
	int32_t one, two, marked;

	open_board((enum nommu_profile)_i);
	one = make(5, 1);
	two = make(6, 1);
	marked = make(7, 1);
	attach(&mm, marked, 0);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, marked, &v), 0);
	ck_assert_int_eq(nommu_verify(b, &why), 0);
	b->shms[shm_get(b, two)].key = 5;
	ck_assert_int_eq(nommu_verify(b, &why), -EIO);
	b->shms[shm_get(b, two)].key = 6;
	b->shms[shm_get(b, marked)].key = 7;
	ck_assert_int_eq(nommu_verify(b, &why), -EIO);
	b->shms[shm_get(b, marked)].key = 0;
	b->shms[shm_get(b, one)].mode |= SHM_DEST;
	ck_assert_int_eq(nommu_verify(b, &why), -EIO);
	b->shms[shm_get(b, one)].mode = 02600;
	ck_assert_int_eq(nommu_verify(b, &why), -EIO);
	b->shms[shm_get(b, one)].mode = 0600;
	close_board();
}
END_TEST

START_TEST(listed)
{
	struct nommu_shm_info info;
	struct nommu_shm *shms, shm;
	int32_t id[3];
	size_t count;

	open_board((enum nommu_profile)_i);
	ck_assert_int_eq(nommu_shm_info(b, &info, &v), 0);
	ck_assert(info.size_max == ULONG_MAX - (1UL << 24) && info.count_max == SHMS && !info.count &&
		  !info.index_max && !info.pages);
	for (int i = 0; i < 3; i++)
		id[i] = make(10 + i, 1 + (uint64_t)i);
	ck_assert_int_eq(nommu_shm_remove(b, &maker, id[1], &v), 0);
	ck_assert_int_eq(nommu_shm_info(b, &info, &v), 0);
	ck_assert(info.count == 2 && info.index_max == 2 && info.pages == 4);
	ck_assert_int_eq(nommu_shm_stat_at(b, NULL, 2, &shm, &v), 0);
	ck_assert_int_eq(shm.id, id[2]);
	ck_assert_int_eq(nommu_shm_stat_at(b, NULL, 1, &shm, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_stat_at(b, NULL, -1, &shm, &v), -EINVAL);
	ck_assert_int_eq(nommu_shm_stat_at(b, NULL, SHMS, &shm, &v), -EINVAL);
	ck_assert_int_eq(nommu_shms(b, &shms, &count), 0);
	ck_assert(count == 2 && shms[0].id == id[0] && shms[1].id == id[2] && shms[1].key == 12);
	free(shms);
	close_board();
}
END_TEST

SUITE(shm)
{
	Suite *suite = suite_create("shm");
	TCase *tcase = tcase_create("profiles");

	tcase_set_timeout(tcase, 60);
	in_both(tcase, made);
	in_both(tcase, refused);
	in_both(tcase, attached);
	in_both(tcase, not_a_segment);
	in_both(tcase, attach_refused);
	in_both(tcase, implied_exec);
	in_both(tcase, removed);
	in_both(tcase, exits);
	in_both(tcase, sequence);
	in_both(tcase, contended);
	tcase_add_test(tcase, configured);
	in_both(tcase, verified);
	in_both(tcase, listed);
	suite_add_tcase(suite, tcase);
	return suite;
}
