/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * layout - the format of a board's segment: what lies where in the memory that every process of a board shares.
 *
 * The segment is a file format: fixed widths, indices and offsets instead of pointers, all-zero bytes a valid fresh
 * state of everything that is not written at creation. Records are numbered from 1; 0 means none, everywhere.
 * A process that attaches compares magic and layout, which is derived from the structures below.
 *
 * Fields marked "once" are written at creation and never again; of the rest every change goes through the journal,
 * save for the lock, the journal itself, header.state and header.recoveries.
 */
#ifndef ENGINE_LAYOUT_H
#define ENGINE_LAYOUT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "nommu.h"

#define SEG_MAGIC   0x00756d6d6f6e6272ULL
#define SEG_VERSION 3u

#define SEG_JOURNAL_MAX 8192u

/* The lock has a page of its own, so that the rest can be write-protected outside of the engine. */
struct seg_lock {
	/* word: tid of the owner | FUTEX_WAITERS | FUTEX_OWNER_DIED, the kernel's robust futex. generation goes up by
	 * one with each owner, so that an owner that was found dead is not taken for a later one of the same tid. */
	union {
		uint64_t both;
		struct {
			uint32_t word;
			uint32_t generation;
		};
	};
	uint64_t since;  /* the nommu_task.since of the owner of generation since_generation */
	uint32_t since_generation;
	uint32_t nudged; /* the generation whose stopped owner somebody is waking */
};

/* An entry: what a word was before. The lowest bit of where tells a word of 8 bytes from one of 4. */
struct seg_undo {
	uint64_t where; /* offset in the segment | 1 if the word has 8 bytes */
	uint64_t old;
};

struct seg_journal {
	uint64_t count;
	struct seg_undo undo[SEG_JOURNAL_MAX];
};

/* A node of an interval tree (itree): half-open, in pages. */
struct seg_node {
	uint32_t left, right;
	uint64_t start, end;
	uint64_t max_end; /* of this subtree */
	uint64_t aux, max_aux;
};

/* A page of RAM. The pages that one owner has lie in chunks, blocks of 2^order pages aligned to their size; a chunk's
 * first frame tells all, the others are zero. */
enum seg_frame_state {
	FRAME_TAIL = 0, /* inside of a chunk */
	FRAME_FREE,     /* on the free list of its order */
	FRAME_REGION,   /* owner: the region that holds an anonymous or copied mapping */
	FRAME_FILE,     /* owner: the file */
	FRAME_ORPHAN,   /* cut from a file; owner: how many direct regions still hold it; order 0 */
	FRAME_PENDING,  /* owner: the mm that is filling it */
};

struct seg_frame {
	union {
		uint64_t what;
		struct {
			uint8_t state; /* enum seg_frame_state */
			uint8_t order;
			uint16_t reserved;
			uint32_t owner;
		};
	};
	union {
		uint64_t links;
		struct {
			uint32_t next, prev; /* free list; pending list */
		};
	};
	struct seg_node node; /* FILE: of an extent's first frame, in the file's tree. PENDING: start is how many pages,
				 end the file that is pinned, aux the tid of the task that fills it, max_aux that
				 task's since */
};

/* Every record of a table begins so. */
struct seg_record {
	uint32_t link;  /* while free: the next free record */
	uint32_t state; /* 0: free */
};

enum seg_region_flags {
	REGION_DIRECT = 1,
	REGION_SHAREABLE = 2, /* is in its file's tree */
	REGION_TORN = 4,      /* direct, and pages of it are the file's no more: nobody joins it */
	REGION_COPIED = 8,    /* with an mm: its users may differ in length though it is not shareable */
};

struct seg_region {
	uint32_t link;      /* torn, and without users: the next such */
	uint32_t state;     /* how: enum nommu_how */
	uint32_t file;      /* 0: anonymous */
	uint32_t flags;     /* enum seg_region_flags */
	uint32_t first_vma; /* the first user comes first */
	uint32_t last_vma;
	uint32_t users;
	uint32_t pages;     /* mapped: [start, start + pages) */
	uint32_t block;     /* taken from RAM for it, with the slack; 0: direct */
	uint32_t swept;     /* torn, and without users: how many pages of it have been given up */
	uint64_t start;     /* board address, unaligned if the store is */
	struct seg_node node; /* by page offset in the file; aux: the highest end of a MAP_SHARED user */
};

#define VMA_PROT      0x07u
#define VMA_SHARED    0x10u
#define VMA_SHAREABLE 0x20u

struct seg_vma {
	uint32_t link; /* while used: the next of its hash chain */
	uint32_t mm;   /* 0: free */
	uint32_t hash_prev;
	uint32_t region;
	uint32_t flags;
	uint32_t pages;
	uint32_t mm_next, mm_prev;
	uint32_t region_next, region_prev;
	uint64_t start;
	uint64_t pgoff;
	uint64_t asked; /* bytes */
};

struct seg_mm {
	uint32_t link;
	uint32_t state;
	uint32_t generation;
	int32_t pid;
	uint32_t first_vma;
	uint32_t vmas;
	uint32_t pending; /* first of its frames that are being filled */
	uint32_t reserved;
	uint64_t pages;
	char comm[16];
};

enum seg_file_state {
	FILE_LIVE = 1,
	FILE_REAPED, /* on the list of those whose pages are being given back */
};

enum seg_backing {
	BACKING_RAM = 1,
	BACKING_WINDOW,
	BACKING_READ, /* the board's, but its bytes have no address: whoever maps it reads them */
	BACKING_HOST,
};

struct seg_file {
	uint32_t link; /* the next of its hash chain, or of the list of the reaped */
	uint32_t state;
	uint32_t hash_prev;
	uint32_t named;    /* somebody holds it by name: the daemon; never a host file */
	uint32_t backing;
	union {
		uint32_t window; /* WINDOW: index */
		uint32_t shm;    /* RAM: the System V segment that it is, 0: none */
	};
	uint32_t extents;  /* root; RAM */
	uint32_t regions;  /* root; the shareable ones */
	uint32_t mappings; /* vmas */
	uint32_t closes;
	uint32_t pins;     /* copies of it being made */
	uint32_t hashed;   /* can be found by its id */
	struct nommu_file_attr attr;
	struct nommu_id id;
	uint64_t size;
	uint64_t pages;    /* RAM */
	uint64_t offset;   /* in the window */
	char name[NOMMU_NAME_MAX + 1];
};

#define SHM_SEQUENCE_SHIFT 15 /* the kernel's: an id is the sequence, then the index in so many bits */
#define SHM_SEQUENCE_MAX   0xffffu
#define SHM_BIRTH          1u /* nommu_id.birth of its file, whose ino is the id: no name has that */

/* A System V segment. It holds its file by name; its size is the file's, and its attaches are the file's mappings. */
struct seg_shm {
	uint32_t link;
	uint32_t state;
	uint32_t key;      /* 0: private, or marked for removal */
	uint32_t sequence; /* goes up when the record is given back */
	uint32_t file;
	uint32_t mode;     /* with SHM_DEST */
	uint32_t uid, gid, cuid, cgid;
	uint32_t cpid, lpid;
	uint64_t atime, dtime, ctime;
};

enum seg_table_id {
	TABLE_REGIONS,
	TABLE_VMAS,
	TABLE_MMS,
	TABLE_FILES,
	TABLE_SHMS,
	TABLES,
};

struct seg_table {
	uint64_t offset; /* once */
	uint32_t count;  /* once; records 1 to count */
	uint32_t stride; /* once */
	uint32_t free;   /* first of the free list */
	uint32_t high;   /* records above have never been used */
	uint32_t used;
	uint32_t reserved;
};

enum seg_state {
	SEG_RUNNING = 1,
	SEG_STOPPED, /* damaged: every operation answers -EIO */
};

struct seg_header {
	uint64_t magic;   /* once */
	uint32_t version; /* once */
	uint32_t layout;  /* once */
	uint64_t size;    /* once */
	uint32_t profile, max_order; /* once */
	uint32_t deny_anonymous;     /* once */
	uint32_t windows;            /* once all are added */
	struct nommu_window window[NOMMU_WINDOWS_MAX];
	uint64_t frames;             /* once; offset */
	uint64_t vma_hash, file_hash; /* once; offsets of arrays of uint32_t */
	uint32_t pages;              /* once; of RAM, frames 1 to pages */
	uint32_t vma_hash_bits, file_hash_bits; /* once */
	uint32_t state;
	uint64_t recoveries;

	struct seg_table table[TABLES];
	uint32_t trim;
	uint32_t reap_file;   /* first file, and first torn region without users, whose pages are to be given back */
	uint32_t reap_region;
	uint32_t free_pages, anon_pages, slack_pages, file_pages, orphan_pages, pending_pages;
	uint32_t free_first[NOMMU_ORDERS];
};

/* Where the fixed parts lie. */
#define SEG_HEADER_AT  0u
#define SEG_LOCK_AT    4096u
#define SEG_JOURNAL_AT 8192u
#define SEG_TABLES_AT  ((SEG_JOURNAL_AT + sizeof(struct seg_journal) + 4095u) & ~4095u)

static_assert(sizeof(struct seg_header) <= SEG_LOCK_AT, "the header fits its page");
static_assert(sizeof(struct seg_lock) <= 4096, "the lock fits its page");
static_assert(sizeof(struct seg_node) == 48, "no holes");
static_assert(sizeof(struct seg_frame) == 64, "one frame, one cache line");
static_assert(sizeof(struct seg_region) == 96, "no holes");
static_assert(sizeof(struct seg_vma) == 64, "one vma, one cache line");
static_assert(sizeof(struct seg_mm) == 56, "no holes");
static_assert(sizeof(struct seg_file) == 192 && offsetof(struct seg_file, name) == 128,
	      "what a mapping looks at lies in two cache lines");
static_assert(sizeof(struct seg_shm) == 72, "no holes");
static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the lock's word is the low half of both");

/* Differs where a structure does. */
#define SEG_LAYOUT \
	((uint32_t)(sizeof(struct seg_header) * 31 + sizeof(struct seg_frame) * 37 + sizeof(struct seg_region) * 41 + \
		    sizeof(struct seg_vma) * 43 + sizeof(struct seg_mm) * 47 + sizeof(struct seg_file) * 53 + \
		    sizeof(struct seg_journal) * 59 + sizeof(struct seg_shm) * 61 + SEG_VERSION))

#endif
