/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * damage - a board to be damaged, and calls that must live through it; see damage.h.
 */
#include "damage.h"

#include <check.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGE    ((uint64_t)NOMMU_PAGE_SIZE)
#define FD      (NOMMU_FD_OPEN | NOMMU_FD_READ | NOMMU_FD_WRITE)
#define SECONDS 150

void damage_note(struct damage *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->note, 256, format, args);
	va_end(args);
}

bool damage_fail(struct damage *d, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(d->error, 256, format, args);
	va_end(args);
	return false;
}

bool damage_in_tree(struct nommu_board *b, uint32_t root, uint32_t id)
{
	return root && (root == id || damage_in_tree(b, frame_at(b, root)->node.left, id) ||
			damage_in_tree(b, frame_at(b, root)->node.right, id));
}

/* ---- the board ------------------------------------------------------------------------------------------------- */

static void must(int result, int line)
{
	if (result) {
		fprintf(stderr, "damage.c:%d: %d\n", line, result);
		_exit(3);
	}
}

static ssize_t read_host(void *arg, void *buf, size_t len, uint64_t offset)
{
	(void)arg;
	if (offset >= 2 * PAGE)
		return 0;
	len = len < 2 * PAGE - offset ? len : 2 * PAGE - offset;
	memset(buf, 1, len);
	return (ssize_t)len;
}

static int map(struct damage *d, const struct nommu_mm *mm, uint64_t ino, uint64_t first, uint64_t pages, int prot,
	       int flags, struct nommu_verdict *v)
{
	static const struct nommu_file_attr host = { .kind = NOMMU_KIND_REGULAR, .address_op = NOMMU_OP_NONE };
	struct nommu_request r = { .length = pages * PAGE,
				   .prot = prot,
				   .flags = flags,
				   .offset = (int64_t)(first * PAGE),
				   .fd = FD,
				   .id = { .ino = ino },
				   .name = "name" };

	if (ino >= 100) {
		r.id.dev = 8;
		r.host = &host;
		r.read = read_host;
	}
	return nommu_mmap(d->b, mm, &r, v);
}

static void keep(struct damage *d, uint64_t ino, uint64_t first, uint64_t pages, int prot, int flags)
{
	struct nommu_verdict v;

	must(map(d, &d->mm, ino, first, pages, prot, flags, &v), __LINE__);
	d->addr[d->addrs++] = v.addr;
}

static void make_file(struct damage *d, int i, uint64_t pages)
{
	struct nommu_file_attr attr;

	nommu_file_attr_ram(&attr);
	must(nommu_file_create(d->b, &(struct nommu_id){ .ino = (uint64_t)i + 1 }, &attr, &d->file[i]), __LINE__);
	must(nommu_file_truncate(d->b, d->file[i], pages * PAGE), __LINE__);
}

static void make_rom(struct damage *d)
{
	struct nommu_window window;
	struct nommu_file_attr attr;
	struct nommu_why why;
	int fd = memfd_create("rom", MFD_CLOEXEC);

	must(fd < 0 || ftruncate(fd, 4 * 4096), __LINE__);
	must(nommu_board_add_window(d->b, NOMMU_WINDOW_ROM, fd, 4 * PAGE, &window, &why), __LINE__);
	nommu_file_attr_rom(&attr);
	must(nommu_file_create_in(d->b, &(struct nommu_id){ .ino = 3 }, &attr, 1, 0x30, 2 * PAGE, &d->file[2]),
	     __LINE__);
}

static const struct nommu_shm_caller caller = { .uid = 1, .gid = 2, .pid = 3 };

static void make_segments(struct damage *d)
{
	struct nommu_verdict v;
	int32_t gone;

	must(nommu_shm_get(d->b, &d->mm, &caller, 9, PAGE, IPC_CREAT | 0600, &gone, &v), __LINE__);
	for (int i = 0; i < 2; i++)
		must(nommu_shm_get(d->b, &d->mm, &caller, 5 + i, 2 * PAGE, IPC_CREAT | 0600, &d->shm[i], &v), __LINE__);
	must(nommu_shm_attach(d->b, &d->mm, &caller, d->shm[0], 0, 0, &v), __LINE__);
	d->addr[d->addrs++] = v.addr;
	must(nommu_shm_attach(d->b, &d->other, &caller, d->shm[1], 0, 0, &v), __LINE__);
	must(nommu_shm_remove(d->b, &caller, d->shm[1], &v), __LINE__);
	must(nommu_shm_remove(d->b, &caller, gone, &v), __LINE__);
}

static void populate(struct damage *d)
{
	struct nommu_verdict v, gone[4];

	must(nommu_mm_create(d->b, getpid(), "first", &d->mm), __LINE__);
	must(nommu_mm_create(d->b, getpid(), "other", &d->other), __LINE__);
	make_rom(d);
	make_file(d, 0, 6);
	make_file(d, 1, 2);
	make_file(d, 3, 3);
	for (uint64_t i = 5; i < 14; i += 2)
		must(nommu_file_write(d->b, d->file[1], "x", 1, (i * 7 % 18) * PAGE) != 1, __LINE__);
	for (int i = 0; i < 4; i++)
		must(map(d, &d->other, 0, 0, 1, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, &gone[i]), __LINE__);
	keep(d, 0, 0, 5, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
	keep(d, 1, 0, 6, PROT_READ | PROT_WRITE, MAP_SHARED);
	keep(d, 1, 0, 6, PROT_READ, MAP_PRIVATE);
	keep(d, 1, 1, 2, PROT_READ, MAP_PRIVATE);
	keep(d, 2, 0, 4, PROT_READ, MAP_PRIVATE); /* with holes: a copy */
	keep(d, 3, 0, 2, PROT_READ | PROT_EXEC, MAP_PRIVATE);
	keep(d, 4, 0, 3, PROT_READ, MAP_PRIVATE);
	keep(d, 100, 0, 2, PROT_READ, MAP_PRIVATE);
	must(map(d, &d->other, 4, 0, 3, PROT_READ, MAP_PRIVATE, &v), __LINE__);
	must(map(d, &d->other, 4, 1, 2, PROT_READ, MAP_PRIVATE, &v), __LINE__);
	must(nommu_file_truncate(d->b, d->file[3], PAGE), __LINE__);
	must(nommu_file_put(d->b, d->file[3]), __LINE__);
	make_segments(d);
	for (int i = 0; i < 4; i += 2)
		must(nommu_munmap(d->b, &d->other, gone[i].addr, PAGE, &v), __LINE__);
}

static void setup(struct damage *d)
{
	struct nommu_config config;
	struct nommu_why why = { "" };

	nommu_config_init(&config);
	config.ram = 96 * PAGE;
	config.max_order = 5;
	config.trim = 0;
	config.vmas = 40;
	config.files = 12;
	config.mms = 6;
	config.shms = 5;
	must(nommu_board_create(&config, NULL, &d->b, &why), __LINE__);
	populate(d);
	must(nommu_verify(d->b, &why), __LINE__);
	d->good = malloc(d->b->size);
	memcpy(d->good, d->b->base, d->b->size);
}

void damage_restore(struct damage *d)
{
	memcpy(d->b->base, d->good, d->b->size);
}

void damage_run(damage_fn *fn, unsigned seed)
{
	char *said = mmap(NULL, 512, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	struct damage d = { .note = said, .error = said + 256 };
	int status;
	pid_t pid;

	ck_assert_ptr_ne(said, MAP_FAILED);
	fflush(NULL);
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		alarm(SECONDS);
		os_task_renew(os_host.task());
		setup(&d);
		_exit(fn(&d, seed) ? 0 : 1);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status))
		snprintf(said + 256, 256, "%s", WTERMSIG(status) == SIGALRM ? "hangs" : strsignal(WTERMSIG(status)));
	ck_assert_msg(status == 0, "%s: %s (status %#x)", said, said + 256, (unsigned)status);
	munmap(said, 512);
}

/* ---- operations ------------------------------------------------------------------------------------------------ */

static bool is_answer(struct damage *d, const char *call, long result, long most)
{
	/* So that the next call meets the damage too, and is not just told that the board is stopped. */
	if (d->b->header->state == SEG_STOPPED) {
		d->stops++;
		d->b->header->state = SEG_RUNNING;
	}
	if (result > -4096 && result <= most)
		return true;
	return damage_fail(d, "%s: %ld", call, result);
}

static bool is_on_board(struct damage *d, const char *call, uint64_t addr, uint64_t len)
{
	if (nommu_board_has(d->b, addr) && nommu_board_has(d->b, addr + len - 1))
		return true;
	return damage_fail(d, "%s: %#llx, %llu bytes, are not on the board", call, (unsigned long long)addr,
			   (unsigned long long)len);
}

static bool look(struct damage *d)
{
	struct nommu_stats stats;
	struct nommu_map *maps = NULL;
	struct nommu_mm_info *infos = NULL;
	struct nommu_file_stat stat;
	struct nommu_shm *shms = NULL, shm;
	struct nommu_shm_info info;
	struct nommu_verdict v;
	struct nommu_why why;
	size_t count = 0;
	int result = nommu_stats(d->b, &stats);
	bool good = is_answer(d, "stats", result, 0);

	result = nommu_maps(d->b, NULL, &maps, &count);
	good = good && is_answer(d, "maps", result, 0);
	if (!result)
		free(maps);
	result = nommu_maps(d->b, &d->mm, &maps, &count);
	good = good && is_answer(d, "maps of an mm", result, 0);
	if (!result)
		free(maps);
	result = nommu_mms(d->b, &infos, &count);
	good = good && is_answer(d, "mms", result, 0);
	if (!result)
		free(infos);
	for (int i = 0; i < 4; i++)
		good = good && is_answer(d, "file_stat", nommu_file_stat(d->b, d->file[i], &stat), 0);
	result = nommu_shms(d->b, &shms, &count);
	good = good && is_answer(d, "shms", result, 0);
	if (!result)
		free(shms);
	good = good && is_answer(d, "shm_info", nommu_shm_info(d->b, &info, &v), 0);
	for (int i = 0; i < 2; i++)
		good = good && is_answer(d, "shm_stat", nommu_shm_stat(d->b, &caller, d->shm[i], &shm, &v), 0) &&
		       is_answer(d, "shm_stat_at", nommu_shm_stat_at(d->b, NULL, i, &shm, &v), 0);
	return good && is_answer(d, "verify", nommu_verify(d->b, &why), 0);
}

static bool read_file(struct damage *d, uint32_t file)
{
	static char bytes[1 << 16];
	struct iovec iov[4];
	size_t len = 0, used = 0;
	int n = nommu_file_iov(d->b, file, 100, sizeof(bytes), iov, 4, &len);

	if (!is_answer(d, "file_iov", n, 4))
		return false;
	/* What it points at can be read. */
	for (int i = 0; i < n; i++) {
		if (iov[i].iov_len > sizeof(bytes) - used)
			return damage_fail(d, "file_iov: more than was asked");
		memcpy(bytes + used, iov[i].iov_base, iov[i].iov_len);
		used += iov[i].iov_len;
	}
	return true;
}

static bool try_map(struct damage *d, uint64_t ino, uint64_t first, uint64_t pages, int prot, int flags)
{
	struct nommu_verdict v;
	char text[300];
	int result = map(d, &d->mm, ino, first, pages, prot, flags, &v);

	return is_answer(d, "mmap", result, 0) && (result || is_on_board(d, "mmap", v.addr, pages * PAGE)) &&
	       is_answer(d, "reason", nommu_reason(&v, text, sizeof(text)), 4096);
}

static bool change_files(struct damage *d)
{
	static const char bytes[3 * 4096] = "bytes";
	struct nommu_file_attr attr;
	uint32_t file;

	nommu_file_attr_ram(&attr);
	for (int i = 0; i < 4; i++)
		if (!read_file(d, d->file[i]))
			return false;
	return is_answer(d, "write", nommu_file_write(d->b, d->file[1], bytes, sizeof(bytes), 6 * PAGE),
			 sizeof(bytes)) &&
	       is_answer(d, "fill", nommu_file_fill(d->b, d->file[1], 0, 30 * PAGE), 0) &&
	       is_answer(d, "truncate", nommu_file_truncate(d->b, d->file[1], 3 * PAGE + 5), 0) &&
	       is_answer(d, "create", nommu_file_create(d->b, &(struct nommu_id){ .ino = 55 }, &attr, &file), 0) &&
	       is_answer(d, "find", nommu_file_find(d->b, &(struct nommu_id){ .ino = 1 }, &file), 0) &&
	       is_answer(d, "truncate", nommu_file_truncate(d->b, d->file[0], 0), 0) &&
	       is_answer(d, "set_attr", nommu_file_set_attr(d->b, d->file[0], &attr), 0) &&
	       is_answer(d, "set_trim", nommu_board_set_trim(d->b, 1), 0);
}

static bool try_attach(struct damage *d, int32_t id)
{
	struct nommu_verdict v;
	int result = nommu_shm_attach(d->b, &d->mm, &caller, id, 0, 0, &v);

	return is_answer(d, "shm_attach", result, 0) && (result || is_on_board(d, "shm_attach", v.addr, PAGE));
}

static bool use_segments(struct damage *d)
{
	struct nommu_verdict v;
	int32_t id;

	return is_answer(d, "shm_get", nommu_shm_get(d->b, &d->mm, &caller, 7, PAGE, IPC_CREAT, &id, &v), 0) &&
	       is_answer(d, "shm_get", nommu_shm_get(d->b, &d->mm, &caller, 5, PAGE, 0600, &id, &v), 0) &&
	       try_attach(d, d->shm[0]) && try_attach(d, d->shm[1]) &&
	       is_answer(d, "shm_set", nommu_shm_set(d->b, &caller, d->shm[0], 1, 2, 0644, &v), 0) &&
	       is_answer(d, "shm_lock", nommu_shm_lock(d->b, &caller, d->shm[0], &v), 0) &&
	       is_answer(d, "shm_detach", nommu_shm_detach(d->b, &d->mm, d->addr[d->addrs - 1], &v), 0) &&
	       is_answer(d, "shm_remove", nommu_shm_remove(d->b, &caller, d->shm[0], &v), 0);
}

bool damage_operate(struct damage *d)
{
	const uint64_t pages[] = { 5, 6, 6, 2, 4, 2, 3, 2, 2 };
	struct nommu_verdict v;
	struct nommu_mm mm;

	if (!look(d) || !try_map(d, 0, 0, 3, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS) ||
	    !try_map(d, 1, 1, 3, PROT_READ | PROT_WRITE, MAP_SHARED) || !try_map(d, 2, 0, 4, PROT_READ, MAP_PRIVATE) ||
	    !try_map(d, 2, 5, 2, PROT_READ | PROT_WRITE, MAP_PRIVATE) || !try_map(d, 3, 0, 2, PROT_READ, MAP_PRIVATE) ||
	    !try_map(d, 3, 1, 1, PROT_WRITE, MAP_PRIVATE) || !try_map(d, 101, 0, 2, PROT_READ, MAP_PRIVATE))
		return false;
	if (!is_answer(d, "mm_create", nommu_mm_create(d->b, getpid(), "third", &mm), 0) ||
	    !is_answer(d, "mremap", nommu_mremap(d->b, &d->mm, d->addr[0], 5 * PAGE, 8 * PAGE, 0, 0, &v), 0) ||
	    !change_files(d) || !use_segments(d))
		return false;
	for (unsigned i = 0; i < d->addrs; i++)
		if (!is_answer(d, "munmap", nommu_munmap(d->b, &d->mm, d->addr[i], pages[i] * PAGE, &v), 0))
			return false;
	return is_answer(d, "mm_exit", nommu_mm_exit(d->b, &d->other), 0) &&
	       is_answer(d, "put", nommu_file_put(d->b, d->file[0]), 0) &&
	       is_answer(d, "mm_exit", nommu_mm_exit(d->b, &d->mm), 0) &&
	       is_answer(d, "put", nommu_file_put(d->b, d->file[1]), 0) && look(d);
}
