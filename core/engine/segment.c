/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "engine/segment.h"

#include "engine/journal.h"

/* The host maps 16 pages at a fault that reads. */
#define PREFAULT_SHIFT 16

void *segment_damaged(struct nommu_board *b)
{
	b->damaged = true;
	return b->scratch;
}

/* The head of a record, by the handle's own bounds: the segment's are not trusted. */
static struct seg_record *record_at(struct nommu_board *b, enum seg_table_id table, uint32_t id)
{
	switch (table) {
	case TABLE_REGIONS:
		return (struct seg_record *)(void *)region_at(b, id);
	case TABLE_VMAS:
		return (struct seg_record *)(void *)vma_at(b, id);
	case TABLE_MMS:
		return (struct seg_record *)(void *)mm_at(b, id);
	case TABLE_SHMS:
		return (struct seg_record *)(void *)shm_at(b, id);
	default:
		return (struct seg_record *)(void *)file_at(b, id);
	}
}

static uint32_t record_count(const struct nommu_board *b, enum seg_table_id table)
{
	switch (table) {
	case TABLE_REGIONS:
		return b->region_count;
	case TABLE_VMAS:
		return b->vma_count;
	case TABLE_MMS:
		return b->mm_count;
	case TABLE_SHMS:
		return b->shm_count;
	default:
		return b->file_count;
	}
}

uint32_t segment_take(struct nommu_board *b, enum seg_table_id id)
{
	struct seg_table *table = &b->header->table[id];
	uint32_t taken = table->free;

	if (taken) {
		journal_u32(b, &table->free, record_at(b, id, taken)->link);
	} else if (table->high < record_count(b, id)) {
		taken = table->high + 1;
		journal_u32(b, &table->high, taken);
	} else {
		return 0;
	}
	journal_add(b, &table->used, 1);
	return taken;
}

void segment_give(struct nommu_board *b, enum seg_table_id id, uint32_t given)
{
	struct seg_table *table = &b->header->table[id];

	journal_u32(b, &record_at(b, id, given)->link, table->free);
	journal_u32(b, &table->free, given);
	journal_add(b, &table->used, -1);
}

void segment_prefault(struct nommu_board *b, uint64_t addr, uint64_t len)
{
	uint64_t first = (addr - b->ram) >> PREFAULT_SHIFT, last = (addr + len - 1 - b->ram) >> PREFAULT_SHIFT;

	if (addr < b->ram || addr + len > b->ram_end)
		return;
	for (uint64_t i = first; i <= last; i++) {
		uint8_t bit = (uint8_t)(1u << (i & 7));

		/* Two threads may both read: the bit is a hint. */
		if (__atomic_load_n(&b->faulted[i >> 3], __ATOMIC_RELAXED) & bit)
			continue;
		(void)*(volatile char *)(b->ram + (i << PREFAULT_SHIFT));
		__atomic_fetch_or(&b->faulted[i >> 3], bit, __ATOMIC_RELAXED);
	}
}

void segment_clear(struct nommu_board *b, uint64_t addr, uint64_t len)
{
	segment_prefault(b, addr, len);
	memset((void *)addr, 0, len);
}

const struct nommu_window *segment_window(const struct nommu_board *b, uint64_t addr, uint64_t len)
{
	for (uint32_t i = 0; i < b->windows; i++) {
		const struct nommu_window *w = &b->window[i];

		if (addr >= w->addr && addr - w->addr < w->size && len <= w->size - (addr - w->addr))
			return w;
	}
	return NULL;
}
