/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * crash_scene - what the operations of test_crash find on the board; see crash_scene.h.
 */
#include "crash_scene.h"

#include <check.h>
#include <errno.h>
#include <setjmp.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define PAGE ((uint64_t)NOMMU_PAGE_SIZE)
#define FD   (NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE)

/* ---- pieces ---------------------------------------------------------------------------------------------------- */

static ssize_t read_host(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg;
	if (offset >= 3 * PAGE)
		return 0;
	len = len < 3 * PAGE - offset ? len : 3 * PAGE - offset;
	memset(buf, 0x5a, len);
	return (ssize_t)len;
}

static int map(struct nommu_board *b, const struct nommu_mm *mm, const struct nommu_request *request, uint64_t *addr)
{
	struct nommu_verdict verdict;
	int result = nommu_mmap(b, mm, request, &verdict);

	if (addr)
		*addr = verdict.addr;
	return result;
}

int scene_map_anonymous(struct nommu_board *b, const struct nommu_mm *mm, uint64_t pages, uint64_t *addr)
{
	return map(b, mm,
		   &(struct nommu_request){ .length = pages * PAGE,
					    .prot = PROT_READ | PROT_WRITE,
					    .flags = MAP_PRIVATE | MAP_ANONYMOUS },
		   addr);
}

int scene_map_file(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t first, uint64_t pages,
		   int prot, int flags, uint64_t *addr)
{
	return map(b, mm,
		   &(struct nommu_request){ .length = pages * PAGE,
					    .prot = prot,
					    .flags = flags,
					    .offset = (int64_t)(first * PAGE),
					    .fd = FD,
					    .id = { .ino = ino } },
		   addr);
}

int scene_map_host(struct nommu_board *b, const struct nommu_mm *mm, uint64_t ino, uint64_t *addr)
{
	static const struct nommu_file_attr attr = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };

	return map(b, mm,
		   &(struct nommu_request){ .length = 3 * PAGE,
					    .prot = PROT_READ,
					    .flags = MAP_PRIVATE,
					    .fd = FD,
					    .id = { .dev = 8, .ino = ino },
					    .host = &attr,
					    .name = "/a/file/of/the/host",
					    .read = read_host },
		   addr);
}

int scene_unmap(struct nommu_board *b, const struct nommu_mm *mm, uint64_t addr, uint64_t pages)
{
	struct nommu_verdict verdict;

	return nommu_munmap(b, mm, addr, pages * PAGE, &verdict);
}

static void must(int result)
{
	ck_assert_msg(result == 0, "setup: %d", result);
}

/* File @i of the scene, inode i + 1, of so many pages in one run. */
static void make_file(struct crash_scene *s, int i, uint64_t pages)
{
	struct nommu_file_attr attr;

	nommu_file_attr_ram(&attr);
	must(nommu_file_create(s->survivor, &(struct nommu_id){ .ino = (uint64_t)i + 1 }, &attr, &s->file[i]));
	must(nommu_file_truncate(s->survivor, s->file[i], pages * PAGE));
}

static void remember(struct crash_scene *s, uint64_t addr)
{
	s->addr[s->addrs++] = addr;
}

/* ---- setups ---------------------------------------------------------------------------------------------------- */

void scene_mixed(struct crash_scene *s)
{
	uint64_t hole[6], addr;

	for (int i = 0; i < 6; i++)
		must(scene_map_anonymous(s->survivor, &s->other, 1, &hole[i]));
	make_file(s, 0, 5);
	make_file(s, 1, 3);
	make_file(s, 2, 0);
	make_file(s, 3, 4);
	for (int i = 0; i < 6; i += 2)
		must(scene_unmap(s->survivor, &s->other, hole[i], 1));
	must(scene_map_anonymous(s->survivor, &s->mm, 5, &addr)); /* 0: a block of 8 */
	remember(s, addr);
	must(scene_map_file(s->survivor, &s->mm, 1, 0, 5, PROT_READ | PROT_WRITE, MAP_SHARED, &addr)); /* 1 */
	remember(s, addr);
	must(scene_map_file(s->survivor, &s->other, 2, 0, 3, PROT_READ, MAP_PRIVATE, &addr));
	must(scene_map_file(s->survivor, &s->mm, 2, 0, 3, PROT_READ, MAP_PRIVATE, &addr)); /* 2: joined */
	remember(s, addr);
	must(scene_map_file(s->survivor, &s->mm, 2, 0, 3, PROT_READ | PROT_WRITE, MAP_PRIVATE, &addr)); /* 3: a copy */
	remember(s, addr);
	must(scene_map_file(s->survivor, &s->mm, 4, 0, 4, PROT_READ, MAP_PRIVATE,
			    &addr)); /* 4: direct, and put below */
	remember(s, addr);
	must(scene_map_host(s->survivor, &s->mm, 100, &addr)); /* 5 */
	remember(s, addr);
	must(nommu_file_put(s->survivor, s->file[3]));
}

void scene_file(struct crash_scene *s)
{
	uint64_t addr;

	make_file(s, 0, 20);
	must(nommu_file_write(s->survivor, s->file[0], "x", 1, 30 * PAGE) == 1 ? 0 : -EIO);
	must(nommu_file_write(s->survivor, s->file[0], "x", 1, 25 * PAGE + 7) == 1 ? 0 : -EIO);
	must(scene_map_file(s->survivor, &s->mm, 1, 10, 10, PROT_READ, MAP_PRIVATE, &addr));
	remember(s, addr);
	must(scene_map_file(s->survivor, &s->other, 1, 12, 6, PROT_READ, MAP_PRIVATE, &addr));
	must(scene_map_file(s->survivor, &s->mm, 1, 0, 4, PROT_READ | PROT_WRITE, MAP_SHARED, &addr));
	make_file(s, 1, 0);
}

void scene_torn(struct crash_scene *s)
{
	scene_file(s);
	must(nommu_file_truncate(s->survivor, s->file[0], 11 * PAGE));
}

void scene_many(struct crash_scene *s)
{
	uint64_t addr;

	make_file(s, 0, 100);
	make_file(s, 1, 7);
	must(scene_map_file(s->survivor, &s->mm, 1, 0, 100, PROT_READ, MAP_PRIVATE, &addr));
	for (uint64_t i = 0; i < 20; i++) {
		must(scene_map_anonymous(s->survivor, &s->mm, 1 + i % 3, NULL));
		must(scene_map_file(s->survivor, i % 2 ? &s->mm : &s->other, 2, i % 5, 1 + i % 2, PROT_READ,
				    MAP_PRIVATE, NULL));
	}
	must(scene_map_host(s->survivor, &s->mm, 100, NULL));
	must(nommu_file_truncate(s->survivor, s->file[0], 5 * PAGE));
	must(nommu_file_put(s->survivor, s->file[1]));
}

void scene_large(struct crash_scene *s)
{
	char page[4096] = "";

	make_file(s, 0, 0);
	for (uint64_t i = 0; i < 150; i++)
		must(nommu_file_write(s->survivor, s->file[0], page, PAGE, (i * 7 % 150) * PAGE) == 4096 ? 0 : -EIO);
}

const struct nommu_shm_caller scene_caller = { .uid = 1000, .gid = 100, .pid = 7 };

void scene_shm(struct crash_scene *s)
{
	static const int32_t keys[] = { 5, 7, 6 };
	struct nommu_verdict verdict;

	must(scene_map_anonymous(s->survivor, &s->other, 1, NULL));
	for (int i = 0; i < 3; i++)
		must(nommu_shm_get(s->survivor, &s->mm, &scene_caller, keys[i], 3 * PAGE, IPC_CREAT | 0600, &s->shm[i],
				   &verdict));
	for (int i = 0; i < 2; i++)
		must(nommu_shm_attach(s->survivor, &s->mm, &scene_caller, s->shm[0], 0, 0, &verdict));
	must(nommu_shm_attach(s->survivor, &s->other, &scene_caller, s->shm[0], 0, 0, &verdict));
	must(nommu_shm_attach(s->survivor, &s->mm, &scene_caller, s->shm[1], 0, 0, &verdict));
	remember(s, verdict.addr);
	must(nommu_shm_remove(s->survivor, &scene_caller, s->shm[1], &verdict));
}

static jmp_buf killed_reading;

static ssize_t read_and_die(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg, (void)buf, (void)len, (void)offset;
	longjmp(killed_reading, 1);
}

/* Somebody was killed while a file was being read for a copy. */
void scene_pending(struct crash_scene *s)
{
	static const struct nommu_file_attr attr = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };
	struct nommu_request request = { .length = 3 * PAGE,
					 .prot = PROT_READ,
					 .flags = MAP_PRIVATE,
					 .fd = FD,
					 .id = { .dev = 8, .ino = 100 },
					 .host = &attr,
					 .read = read_and_die };
	struct nommu_stats stats;

	must(scene_map_anonymous(s->survivor, &s->mm, 2, NULL));
	if (!setjmp(killed_reading))
		must(map(s->survivor, &s->mm, &request, NULL) + 1);
	request.id.ino = 101;
	if (!setjmp(killed_reading))
		must(map(s->survivor, &s->mm, &request, NULL) + 1);
	must(nommu_stats(s->survivor, &stats));
	ck_assert_uint_ge(stats.pending_pages, 6);
}
