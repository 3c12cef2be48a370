/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * model - the board, its pages and the log of operations; see model.h.
 */
#include "model.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define ROM_SIZE    (10 * NOMMU_PAGE_SIZE)
#define DEVICE_SIZE (8 * NOMMU_PAGE_SIZE)

unsigned model_random(struct model *m, unsigned n)
{
	m->random ^= m->random >> 12;
	m->random ^= m->random << 25;
	m->random ^= m->random >> 27;
	return (unsigned)((m->random * 0x2545f4914f6cdd1dULL >> 32) * n >> 32);
}

struct nommu_board *model_board(struct model *m)
{
	return m->board[1] ? m->board[m->step & 1] : m->board[0];
}

/* ---- the log --------------------------------------------------------------------------------------------------- */

void model_log(struct model *m, const char *name, const char *labels, const uint64_t *args, unsigned count)
{
	struct model_op *op = &m->log[m->logged++ % MODEL_LOG];

	op->name = name;
	op->labels = labels;
	op->step = m->step;
	memset(op->arg, 0, sizeof(op->arg));
	memcpy(op->arg, args, count * sizeof(*args));
}

static void print_op(const struct model_op *op)
{
	const char *label = op->labels;

	printf("  step %llu: %s", (unsigned long long)op->step, op->name);
	for (int i = 0; *label; i++) {
		int len = (int)strcspn(label, " ");

		printf(" %.*s=%#llx", len, label, (unsigned long long)op->arg[i]);
		label += len;
		label += *label == ' ';
	}
	printf("\n");
}

void model_print(const struct model *m)
{
	uint64_t first = m->logged > MODEL_LOG ? m->logged - MODEL_LOG : 0;

	printf("board: profile %s, %u pages, max-order %u, trim %u, %s\n",
	       m->profile == NOMMU_PROFILE_BDI ? "bdi" : "linux6", m->pages, m->max_order, m->trim,
	       m->board[1] ? "two handles" : "one handle");
	printf("the last operations:\n");
	for (uint64_t i = first; i < m->logged; i++)
		print_op(&m->log[i % MODEL_LOG]);
	printf("step %llu: %s\n", (unsigned long long)m->step, m->error);
	fflush(stdout);
}

bool model_fail(struct model *m, const char *format, ...)
{
	va_list args;

	if (m->error[0])
		return false;
	va_start(args, format);
	vsnprintf(m->error, sizeof(m->error), format, args);
	va_end(args);
	return false;
}

/* ---- pages ----------------------------------------------------------------------------------------------------- */

unsigned model_pages(uint64_t bytes)
{
	uint64_t pages = bytes / NOMMU_PAGE_SIZE + (bytes % NOMMU_PAGE_SIZE != 0);

	return pages > UINT32_MAX ? UINT32_MAX : (unsigned)pages;
}

unsigned model_order(unsigned pages)
{
	unsigned order = 0;

	while (order < 31 && 1u << order < pages)
		order++;
	return order;
}

unsigned model_free(const struct model *m)
{
	unsigned count = 0;

	for (unsigned i = 0; i < m->pages; i++)
		count += m->owner[i] == MODEL_FREE;
	return count;
}

bool model_fits(const struct model *m, unsigned order)
{
	unsigned size = 1u << order;

	if (order > m->max_order)
		return false;
	for (unsigned first = 0; first + size <= m->pages; first += size) {
		unsigned i = 0;

		while (i < size && m->owner[first + i] == MODEL_FREE)
			i++;
		if (i == size)
			return true;
	}
	return false;
}

int model_largest(const struct model *m)
{
	for (int order = (int)m->max_order; order >= 0; order--)
		if (model_fits(m, (unsigned)order))
			return order;
	return -1;
}

int model_page(const struct model *m, uint64_t addr)
{
	if (addr < m->ram || addr >= m->ram + m->pages * NOMMU_PAGE_SIZE)
		return -1;
	return (int)((addr - m->ram) / NOMMU_PAGE_SIZE);
}

bool model_take(struct model *m, int page, unsigned pages, enum model_owner owner)
{
	if (page < 0 || (unsigned)page + pages > m->pages)
		return model_fail(m, "pages %d+%u are not in RAM", page, pages);
	for (unsigned i = 0; i < pages; i++)
		if (m->owner[(unsigned)page + i] != MODEL_FREE)
			return model_fail(m, "page %u was given out but belongs to somebody (%u)", (unsigned)page + i,
					  m->owner[(unsigned)page + i]);
	memset(&m->owner[page], (int)owner, pages);
	memset(m->bytes + (unsigned)page * NOMMU_PAGE_SIZE, 0, pages * NOMMU_PAGE_SIZE);
	return true;
}

void model_give(struct model *m, int page, unsigned pages)
{
	memset(&m->owner[page], MODEL_FREE, pages);
}

unsigned char *model_bytes(struct model *m, uint64_t addr)
{
	if (addr >= m->ram && addr < m->ram + m->pages * NOMMU_PAGE_SIZE)
		return m->bytes + (addr - m->ram);
	for (int i = 0; i < 2; i++)
		if (addr >= m->window[i].addr && addr < m->window[i].addr + m->window[i].size)
			return m->window_bytes[i] + (addr - m->window[i].addr);
	return NULL;
}

int model_free_vma(const struct model *m)
{
	for (int i = 0; i < (int)m->vmas_max; i++)
		if (!m->vma[i].used)
			return i;
	return -1;
}

int model_free_region(const struct model *m)
{
	for (int i = 0; i < (int)m->vmas_max; i++)
		if (!m->region[i].used)
			return i;
	return -1;
}

/* ---- the board ------------------------------------------------------------------------------------------------- */

static bool add_window(struct model *m, int i, enum nommu_window_kind kind, size_t size)
{
	struct nommu_why why = { "" };
	unsigned char *bytes = calloc(1, size);
	int fd = memfd_create("window", MFD_CLOEXEC | MFD_ALLOW_SEALING), result;

	m->window_bytes[i] = bytes;
	for (size_t at = 0; at < size; at++)
		bytes[at] = (unsigned char)(at * 7 + (at >> 8) + (unsigned)i);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size)
		return model_fail(m, "memfd: %s", strerror(errno));
	result = nommu_board_add_window(m->board[0], kind, fd, size, &m->window[i], &why);
	if (result) {
		close(fd);
		return model_fail(m, "nommu_board_add_window: %s: %s", strerror(-result), why.text);
	}
	return true;
}

bool model_open(struct model *m, const struct model_config *c, uint64_t seed)
{
	struct nommu_config config;
	struct nommu_why why = { "" };
	struct nommu_window ram;
	int fds[NOMMU_WINDOWS_MAX + 1], result;

	memset(m, 0, sizeof(*m));
	m->random = seed;
	m->profile = c->profile;
	m->pages = c->pages;
	m->max_order = c->max_order;
	m->trim = c->trim;
	m->vmas_max = c->vmas;
	m->files_max = c->files;
	m->mms_max = c->mms;
	m->next_ino = 1000;
	m->bytes = calloc(c->pages, NOMMU_PAGE_SIZE);

	nommu_config_init(&config);
	config.ram = c->pages * NOMMU_PAGE_SIZE;
	config.profile = c->profile;
	config.max_order = c->max_order;
	config.trim = c->trim;
	config.vmas = c->vmas;
	config.files = c->files;
	config.mms = c->mms;
	result = nommu_board_create(&config, NULL, &m->board[0], &why);
	if (result)
		return model_fail(m, "nommu_board_create: %s: %s", strerror(-result), why.text);
	if (!nommu_board_window(m->board[0], 0, &ram) || ram.kind != NOMMU_WINDOW_RAM || ram.size != config.ram)
		return model_fail(m, "the first window is not the RAM");
	m->ram = ram.addr;
	if (!add_window(m, 0, NOMMU_WINDOW_ROM, ROM_SIZE) || !add_window(m, 1, NOMMU_WINDOW_DEVICE, DEVICE_SIZE))
		return false;
	if (c->two_handles) {
		result = nommu_board_attach(fds, (unsigned)nommu_board_fds(m->board[0], fds), NULL, true, &m->board[1],
					    &why);
		if (result)
			return model_fail(m, "nommu_board_attach: %s: %s", strerror(-result), why.text);
	}
	return true;
}

void model_close(struct model *m)
{
	if (m->board[1])
		nommu_board_close(m->board[1]);
	if (m->board[0])
		nommu_board_close(m->board[0]);
	for (int i = 0; i < MODEL_FILES_MAX; i++)
		free(m->file[i].bytes);
	free(m->window_bytes[0]);
	free(m->window_bytes[1]);
	free(m->bytes);
}
