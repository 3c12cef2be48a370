/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * board - making a board, and getting onto one that is there: memfds, seals, windows, the handle.
 */
#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include "engine/host.h"
#include "engine/internal.h"
#include "engine/why.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x0010U
#endif

#define WINDOW_ALIGN 0x10000UL
#define PREFAULT     0x10000UL

static long sys(const struct nommu_board *b, long number, long a0, long a1, long a2, long a3, long a4, long a5)
{
	return b->os->syscall(number, a0, a1, a2, a3, a4, a5);
}

/* ---- sizes ------------------------------------------------------------------------------------------------------ */

static uint32_t bits_for(uint32_t count)
{
	uint32_t bits = 6;

	while (bits < 31 && 1u << bits < count)
		bits++;
	return bits;
}

static uint64_t place(uint64_t *at, uint64_t bytes)
{
	uint64_t here = *at;

	*at = page_align(here + bytes);
	return here;
}

/* Lay out a header for this configuration; the segment's size comes out. */
static uint64_t layout(struct seg_header *h, const struct nommu_config *c)
{
	static const uint32_t strides[TABLES] = { sizeof(struct seg_region), sizeof(struct seg_vma),
						  sizeof(struct seg_mm), sizeof(struct seg_file),
						  sizeof(struct seg_shm) };
	uint32_t pages = (uint32_t)(c->ram >> NOMMU_PAGE_SHIFT);
	uint32_t vmas = c->vmas ? c->vmas : pages > 131072 ? pages : 131072;
	uint32_t files = c->files ? c->files : pages > 262144 ? pages : 262144;
	uint32_t counts[TABLES] = { vmas, vmas, c->mms ? c->mms : 4096, files, c->shms ? c->shms : NOMMU_SHM_MAX };
	uint64_t at = SEG_TABLES_AT;

	*h = (struct seg_header){
		.magic = SEG_MAGIC,
		.version = SEG_VERSION,
		.layout = SEG_LAYOUT,
		.profile = c->profile,
		.max_order = c->max_order,
		.deny_anonymous = c->deny_anonymous,
		.pages = pages,
		.trim = c->trim,
		.state = SEG_RUNNING,
		.vma_hash_bits = bits_for(vmas),
		.file_hash_bits = bits_for(files),
	};
	h->frames = place(&at, ((uint64_t)pages + 1) * sizeof(struct seg_frame));
	h->vma_hash = place(&at, sizeof(uint32_t) << h->vma_hash_bits);
	h->file_hash = place(&at, sizeof(uint32_t) << h->file_hash_bits);
	for (int i = 0; i < TABLES; i++) {
		h->table[i].count = counts[i];
		h->table[i].stride = strides[i];
		h->table[i].offset = place(&at, ((uint64_t)counts[i] + 1) * strides[i]);
	}
	h->size = at;
	return at;
}

/* Whether [offset, offset + (count + 1) * stride) lies inside the segment's tables. */
static bool fits(const struct seg_header *h, uint64_t offset, uint64_t count, uint64_t stride)
{
	return offset >= SEG_TABLES_AT && offset % 4096 == 0 && offset <= h->size && count < UINT32_MAX &&
	       (count + 1) * stride <= h->size - offset;
}

/* Copy out of the header what must not change under the handle. */
static int adopt(struct nommu_board *b, const struct seg_header *h, struct nommu_why *why)
{
	static const uint32_t strides[TABLES] = { sizeof(struct seg_region), sizeof(struct seg_vma),
						  sizeof(struct seg_mm), sizeof(struct seg_file),
						  sizeof(struct seg_shm) };

	if (h->magic != SEG_MAGIC)
		return why_say(why, -EPROTO, "not a board's segment");
	if (h->version != SEG_VERSION || h->layout != SEG_LAYOUT)
		return why_say(why, -EPROTO, "the board's segment has layout %u.%08x, this program knows %u.%08x",
			       h->version, h->layout, SEG_VERSION, SEG_LAYOUT);
	if (h->size != b->size || h->max_order >= NOMMU_ORDERS || h->profile > NOMMU_PROFILE_LINUX6 || !h->pages ||
	    !h->windows || h->windows > NOMMU_WINDOWS_MAX || h->vma_hash_bits > 31 || h->file_hash_bits > 31 ||
	    h->vma_hash_bits < 6 || h->file_hash_bits < 6 ||
	    h->window[0].size != (uint64_t)h->pages << NOMMU_PAGE_SHIFT ||
	    !fits(h, h->frames, h->pages, sizeof(struct seg_frame)) ||
	    !fits(h, h->vma_hash, (1ULL << h->vma_hash_bits) - 1, sizeof(uint32_t)) ||
	    !fits(h, h->file_hash, (1ULL << h->file_hash_bits) - 1, sizeof(uint32_t)))
		return why_say(why, -EPROTO, "the board's segment is damaged");
	for (int i = 0; i < TABLES; i++)
		if (h->table[i].stride != strides[i] || !fits(h, h->table[i].offset, h->table[i].count, strides[i]))
			return why_say(why, -EPROTO, "the board's segment is damaged");
	b->frames = (struct seg_frame *)(void *)(b->base + h->frames);
	b->vma_hash = (uint32_t *)(void *)(b->base + h->vma_hash);
	b->file_hash = (uint32_t *)(void *)(b->base + h->file_hash);
	b->regions = (struct seg_region *)(void *)(b->base + h->table[TABLE_REGIONS].offset);
	b->vmas = (struct seg_vma *)(void *)(b->base + h->table[TABLE_VMAS].offset);
	b->mms = (struct seg_mm *)(void *)(b->base + h->table[TABLE_MMS].offset);
	b->files = (struct seg_file *)(void *)(b->base + h->table[TABLE_FILES].offset);
	b->shms = (struct seg_shm *)(void *)(b->base + h->table[TABLE_SHMS].offset);
	b->region_count = h->table[TABLE_REGIONS].count;
	b->vma_count = h->table[TABLE_VMAS].count;
	b->mm_count = h->table[TABLE_MMS].count;
	b->file_count = h->table[TABLE_FILES].count;
	b->shm_count = h->table[TABLE_SHMS].count;
	b->pages = h->pages;
	b->vma_hash_bits = h->vma_hash_bits;
	b->file_hash_bits = h->file_hash_bits;
	b->profile = h->profile;
	b->max_order = h->max_order;
	return 0;
}

/* ---- memory ----------------------------------------------------------------------------------------------------- */

static bool failed(long result)
{
	return result < 0 && result > -4096;
}

static int map_window(struct nommu_board *b, const struct nommu_window *w, int fd, bool inherited,
		      struct nommu_why *why)
{
	int prot = PROT_READ | PROT_EXEC | (w->kind == NOMMU_WINDOW_ROM ? 0 : PROT_WRITE);
	int flags = MAP_SHARED | (inherited ? MAP_FIXED : MAP_FIXED_NOREPLACE);
	long at = sys(b, SYS_mmap, (long)w->addr, (long)w->size, prot, flags, fd, 0);
	char line[160];

	/* Where the host mounts its memory noexec, memory that cannot be executed is still memory. */
	if (at == -EPERM || at == -EACCES)
		at = sys(b, SYS_mmap, (long)w->addr, (long)w->size, prot & ~PROT_EXEC, flags, fd, 0);
	if (!failed(at) && at != (long)w->addr) {
		sys(b, SYS_munmap, at, (long)w->size, 0, 0, 0, 0);
		at = -EEXIST;
	}
	if (at == -EEXIST) {
		host_conflict(b->os, w->addr, w->size, line, sizeof(line));
		return why_say(why, -EEXIST, "the board's 0x%llx-0x%llx is taken in this process by: %s",
			       (unsigned long long)w->addr, (unsigned long long)(w->addr + w->size), line);
	}
	if (failed(at))
		return why_say(why, (int)at, "mapping the board's 0x%llx-0x%llx: %s", (unsigned long long)w->addr,
			       (unsigned long long)(w->addr + w->size), strerror((int)-at));
	return 0;
}

static long map_segment(struct nommu_board *b, int fd)
{
	long at = sys(b, SYS_mmap, 0, (long)b->size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);

	if (failed(at))
		return at;
	b->base = (char *)at;
	b->header = (struct seg_header *)(void *)(b->base + SEG_HEADER_AT);
	b->lock = (struct seg_lock *)(void *)(b->base + SEG_LOCK_AT);
	b->journal = (struct seg_journal *)(void *)(b->base + SEG_JOURNAL_AT);
	return 0;
}

static int memfd(const struct nommu_board *b, const char *name, uint64_t size, bool reserve)
{
	long fd = sys(b, SYS_memfd_create, (long)name, MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_EXEC, 0, 0, 0, 0);
	long result;

	if (fd == -EINVAL)
		fd = sys(b, SYS_memfd_create, (long)name, MFD_CLOEXEC | MFD_ALLOW_SEALING, 0, 0, 0, 0);
	if (fd < 0)
		return (int)fd;
	result = sys(b, SYS_ftruncate, fd, (long)size, 0, 0, 0, 0);
	/* Reserved now, so that no process meets a SIGBUS later. */
	if (result >= 0 && reserve)
		result = sys(b, SYS_fallocate, fd, 0, 0, (long)size, 0, 0);
	if (result >= 0)
		result = sys(b, SYS_fcntl, fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL, 0, 0, 0);
	if (result < 0) {
		sys(b, SYS_close, fd, 0, 0, 0, 0, 0);
		return (int)result;
	}
	return (int)fd;
}

/* ---- handles ---------------------------------------------------------------------------------------------------- */

/* The handle and its bitmap are mapped, not malloc'ed: the allocator may be the program's, and not ready. */
static struct nommu_board *handle_new(const struct nommu_os *os, uint64_t ram)
{
	uint64_t bits = (ram + PREFAULT - 1) / PREFAULT / 8 + 1, size = page_align(sizeof(struct nommu_board) + bits);
	long at;
	struct nommu_board *b;

	os = os ? os : &os_host;
	at = os->syscall(SYS_mmap, 0, (long)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (failed(at))
		return NULL;
	b = (struct nommu_board *)at;
	b->os = os;
	b->journal_max = SEG_JOURNAL_MAX;
	b->faulted = (uint8_t *)(b + 1);
	b->faulted_size = size;
	for (int i = 0; i <= NOMMU_WINDOWS_MAX; i++)
		b->fds[i] = -1;
	return b;
}

static void set_window(struct nommu_board *b, uint32_t i, const struct nommu_window *w)
{
	b->window[i] = *w;
	b->windows = i + 1;
	if (i == 0) {
		b->ram = w->addr;
		b->ram_end = w->addr + w->size;
	}
	b->limit = 1ULL << 32;
	for (uint32_t n = 0; n < b->windows; n++)
		if (b->window[n].addr + b->window[n].size > b->limit)
			b->limit = b->window[n].addr + b->window[n].size;
}

int nommu_board_create(const struct nommu_config *config, const struct nommu_os *os, struct nommu_board **board,
		       struct nommu_why *why)
{
	struct nommu_window ram = { .addr = config->base, .size = config->ram, .kind = NOMMU_WINDOW_RAM };
	struct nommu_board *b;
	struct seg_header header;
	int error = nommu_config_check(config, why);
	long result;

	if (error)
		return error;
	b = handle_new(os, config->ram);
	if (!b)
		return why_say(why, -ENOMEM, "no memory for the board's handle");
	b->owner = true;
	b->size = layout(&header, config);
	b->fds[0] = memfd(b, "nommu-segment", b->size, false);
	if (b->fds[0] < 0) {
		error = why_say(why, b->fds[0], "making the board's segment: %s", strerror(-b->fds[0]));
		goto fail;
	}
	if (config->ram > host_memory(b->os)) {
		/* To reserve it all the same would have the host kill processes at random. */
		error = why_say(why, -ENOMEM, "ram: the host has %llu MiB available, less than the %llu MiB asked",
				(unsigned long long)host_memory(b->os) >> 20, (unsigned long long)config->ram >> 20);
		goto fail;
	}
	b->fds[1] = memfd(b, "nommu-ram", config->ram, !config->reserve_later);
	if (b->fds[1] < 0) {
		error = why_say(why, b->fds[1], "reserving %llu bytes of RAM: %s", (unsigned long long)config->ram,
				strerror(-b->fds[1]));
		goto fail;
	}
	result = map_segment(b, b->fds[0]);
	if (result < 0) {
		error = why_say(why, (int)result, "mapping the board's segment: %s", strerror((int)-result));
		goto fail;
	}
	header.window[0] = ram;
	header.windows = 1;
	*b->header = header;
	error = adopt(b, &header, why);
	if (!error)
		error = map_window(b, &ram, b->fds[1], false, why);
	if (error)
		goto fail;
	set_window(b, 0, &ram);
	pages_format(b);
	*board = b;
	return 0;
fail:
	nommu_board_close(b);
	return error;
}

int nommu_board_reserve(struct nommu_board *b, uint64_t offset, uint64_t size)
{
	uint64_t ram = b->ram_end - b->ram;

	if (!b->owner || offset > ram || size > ram - offset)
		return -EINVAL;
	return size ? (int)sys(b, SYS_fallocate, b->fds[1], 0, (long)offset, (long)size, 0, 0) : 0;
}

int nommu_window_place(uint64_t end, uint64_t size, uint64_t *addr, struct nommu_why *why)
{
	*addr = (end + WINDOW_ALIGN - 1) & ~(WINDOW_ALIGN - 1);
	/* AddressSanitizer's shadow begins there. */
	if (*addr < 0x7fff7000 && *addr + page_align(size) > 0x7fff7000)
		return why_say(why, -EINVAL,
			       "%llu MiB of window from 0x%llx on would reach beyond 0x7fff7000; such a board needs a "
			       "base above 4 GiB, as base=0x200000000",
			       (unsigned long long)(size + 1048575) >> 20, (unsigned long long)*addr);
	return 0;
}

int nommu_board_add_window(struct nommu_board *b, enum nommu_window_kind kind, int fd, uint64_t size,
			   struct nommu_window *window, struct nommu_why *why)
{
	uint32_t last = b->windows - 1;
	struct nommu_window w = { .size = page_align(size), .kind = kind };
	int error;

	if (!b->owner || !size || (kind != NOMMU_WINDOW_ROM && kind != NOMMU_WINDOW_DEVICE))
		return why_say(why, -EINVAL, "a window needs a size, and to be ROM or a device's");
	if (b->windows == NOMMU_WINDOWS_MAX)
		return why_say(why, -ENOSPC, "a board has no more than %d windows", NOMMU_WINDOWS_MAX);
	error = nommu_window_place(b->window[last].addr + b->window[last].size, w.size, &w.addr, why);
	if (error)
		return error;
	error = map_window(b, &w, fd, false, why);
	if (error)
		return error;
	b->fds[b->windows + 1] = fd;
	b->header->window[b->windows] = w;
	b->header->windows = b->windows + 1;
	set_window(b, b->windows, &w);
	*window = w;
	return 0;
}

int nommu_board_fds(const struct nommu_board *b, int fds[static NOMMU_WINDOWS_MAX + 1])
{
	memcpy(fds, b->fds, (b->windows + 1) * sizeof(fds[0]));
	return (int)b->windows + 1;
}

int nommu_board_attach(const int *fds, unsigned int count, const struct nommu_os *os, bool inherited,
		       struct nommu_board **board, struct nommu_why *why)
{
	struct nommu_board *b;
	struct seg_header header;
	long end;
	int error;

	if (count < 2 || count > NOMMU_WINDOWS_MAX + 1)
		return why_say(why, -EPROTO, "a board has 2 to %d descriptors, not %u", NOMMU_WINDOWS_MAX + 1, count);
	os = os ? os : &os_host;
	end = os->syscall(SYS_lseek, fds[1], 0, SEEK_END, 0, 0, 0);
	if (end <= 0 || end > 1L << 40)
		return why_say(why, -EPROTO, "the board's RAM has no size");
	b = handle_new(os, (uint64_t)end);
	if (!b)
		return why_say(why, -ENOMEM, "no memory for the board's handle");
	end = sys(b, SYS_lseek, fds[0], 0, SEEK_END, 0, 0, 0);
	b->size = end > 0 ? (uint64_t)end : 0;
	if (b->size <= SEG_TABLES_AT) {
		error = why_say(why, -EPROTO, "the board's segment has no size");
		goto fail;
	}
	error = (int)map_segment(b, fds[0]);
	if (error) {
		why_say(why, error, "mapping the board's segment: %s", strerror(-error));
		goto fail;
	}
	header = *b->header;
	error = adopt(b, &header, why);
	if (!error && header.windows + 1 != count)
		error = why_say(why, -EPROTO, "the board has %u windows, but %u descriptors came", header.windows,
				count);
	for (uint32_t i = 0; !error && i < header.windows; i++) {
		const struct nommu_window *w = &header.window[i];

		end = sys(b, SYS_lseek, fds[i + 1], 0, SEEK_END, 0, 0, 0);
		if (end < 0 || (uint64_t)end < w->size || w->addr % NOMMU_PAGE_SIZE || w->size % NOMMU_PAGE_SIZE)
			error = why_say(why, -EPROTO, "the board's window %u is not as its segment says", i);
		else
			error = map_window(b, w, fds[i + 1], inherited, why);
		if (!error)
			set_window(b, i, w);
	}
	if (error)
		goto fail;
	*board = b;
	return 0;
fail:
	nommu_board_close(b);
	return error;
}

void nommu_board_close(struct nommu_board *b)
{
	for (uint32_t i = 0; i < b->windows; i++)
		sys(b, SYS_munmap, (long)b->window[i].addr, (long)b->window[i].size, 0, 0, 0, 0);
	if (b->base)
		sys(b, SYS_munmap, (long)b->base, (long)b->size, 0, 0, 0, 0);
	for (int i = 0; b->owner && i <= NOMMU_WINDOWS_MAX; i++)
		if (b->fds[i] >= 0)
			sys(b, SYS_close, b->fds[i], 0, 0, 0, 0, 0);
	sys(b, SYS_munmap, (long)b, (long)b->faulted_size, 0, 0, 0, 0);
}

void nommu_board_set_nonblocking(struct nommu_board *b, bool nonblocking)
{
	b->nonblocking = nonblocking;
}

int nommu_board_wait(struct nommu_board *b, unsigned int ms)
{
	return lock_wait(b, ms * 1000000ULL);
}

bool nommu_board_window(const struct nommu_board *b, unsigned int i, struct nommu_window *window)
{
	if (i >= b->windows)
		return false;
	*window = b->window[i];
	return true;
}

bool nommu_board_has(const struct nommu_board *b, uint64_t addr)
{
	return segment_window(b, addr, 0) != NULL;
}

enum nommu_profile nommu_board_profile(const struct nommu_board *b)
{
	return b->profile;
}

uint32_t nommu_board_trim(const struct nommu_board *b)
{
	return b->header->trim;
}

int nommu_board_set_trim(struct nommu_board *b, int64_t pages)
{
	int result;

	if (pages < 0 || pages > INT32_MAX)
		return -EINVAL;
	result = tx_begin(b);
	if (result)
		return result;
	journal_u32(b, &b->header->trim, (uint32_t)pages);
	return tx_end(b);
}
