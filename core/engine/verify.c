/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * verify - every invariant of the tables. It allocates nothing and writes nothing, so that recovery can call it.
 */
#include "engine/verify.h"

#include <sys/shm.h>

/* ---- trees ------------------------------------------------------------------------------------------------------ */

struct tree_walk {
	uint32_t file;
	uint32_t last;     /* the node before, in order */
	uint64_t last_start, last_end;
	uint64_t pages;    /* extents: in all */
	uint32_t nodes;
	bool extents;
};

static int verify_node(struct nommu_board *b, const struct itree *tree, uint32_t id, struct tree_walk *w,
		       struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_node *node;

	CHECK(id <= tree->count && ++w->nodes <= tree->count, "file %u: its tree leads to %u", w->file, id);
	if (!w->extents) {
		node = &region_at(b, id)->node;
		CHECK(region_at(b, id)->state && region_at(b, id)->file == w->file &&
			      region_at(b, id)->flags & REGION_SHAREABLE,
		      "file %u: region %u in its tree is another's", w->file, id);
		CHECK(!w->last || w->last_start < node->start ||
			      (w->last_start == node->start &&
			       (w->last_end < node->end || (w->last_end == node->end && w->last < id))),
		      "file %u: region %u is out of order", w->file, id);
		sums->in_trees += verify_hash(id);
	} else {
		node = &frame_at(b, id)->node;
		CHECK(node->start < node->end && (!w->last || w->last_end <= node->start),
		      "file %u: extent %u overlaps another", w->file, id);
		CHECK(!w->last || w->last_end < node->start || w->last + (w->last_end - w->last_start) != id,
		      "file %u: extents %u and %u should be one", w->file, w->last, id);
		CHECK(verify_run(b, id, node->end - node->start, FRAME_FILE, w->file),
		      "file %u: extent %u has pages of others", w->file, id);
		w->pages += node->end - node->start;
	}
	w->last = id;
	w->last_start = node->start;
	w->last_end = node->end;
	return 0;
}

static int verify_tree(struct nommu_board *b, const struct itree *tree, uint32_t id, struct tree_walk *w,
		       struct verify_sums *sums, unsigned int depth, struct nommu_why *why)
{
	const struct seg_node *node;
	uint64_t end, aux;
	int error;

	if (!id)
		return 0;
	CHECK(depth < 200 && id <= tree->count, "file %u: its tree is too deep, or leads to %u", w->file, id);
	node = (const struct seg_node *)(const void *)(tree->nodes + (size_t)id * tree->stride);
	error = verify_tree(b, tree, node->left, w, sums, depth + 1, why);
	if (!error)
		error = verify_node(b, tree, id, w, sums, why);
	if (!error)
		error = verify_tree(b, tree, node->right, w, sums, depth + 1, why);
	if (error)
		return error;
	end = node->end;
	aux = node->aux;
	for (int i = 0; i < 2; i++) {
		uint32_t child = i ? node->right : node->left;
		const struct seg_node *below;

		if (!child)
			continue;
		below = (const struct seg_node *)(const void *)(tree->nodes + (size_t)child * tree->stride);
		end = below->max_end > end ? below->max_end : end;
		aux = below->max_aux > aux ? below->max_aux : aux;
	}
	CHECK(node->max_end == end && node->max_aux == aux, "file %u: node %u has a wrong maximum", w->file, id);
	return 0;
}

/* ---- tables ----------------------------------------------------------------------------------------------------- */

static int verify_region(struct nommu_board *b, uint32_t id, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_region *r = region_at(b, id);
	bool direct = r->flags & REGION_DIRECT;
	uint32_t users = 0, before = 0, frame = frame_of(b, r->start);
	uint64_t shared_end = 0;

	CHECK(r->state >= NOMMU_HOW_ANONYMOUS && r->state <= NOMMU_HOW_COPY, "region %u: state %u", id, r->state);
	CHECK(r->pages && (r->users || r->flags & REGION_TORN) && direct == !r->block && direct == (r->state == NOMMU_HOW_DIRECT),
	      "region %u: %u pages, block %u, %u users", id, r->pages, r->block, r->users);
	CHECK(r->node.end == r->node.start + r->pages, "region %u: ends at %llu", id,
	      (unsigned long long)r->node.end);
	CHECK((r->file != 0) == (r->state != NOMMU_HOW_ANONYMOUS), "region %u: file %u", id, r->file);
	if (r->block)
		CHECK(r->block >= r->pages && !(r->start & (NOMMU_PAGE_SIZE - 1)) &&
			      verify_run(b, frame, r->block, FRAME_REGION, id),
		      "region %u: its %u pages are not all its own", id, r->block);
	sums->slack += r->block ? r->block - r->pages : 0;
	for (uint32_t at = r->first_vma; at;) {
		const struct seg_vma *vma;

		CHECK(at <= b->vma_count && users < r->users, "region %u: its list leads to %u", id, at);
		vma = vma_at(b, at);
		CHECK(vma->mm && vma->region == id && vma->region_prev == before, "region %u: vma %u is another's", id,
		      at);
		if (vma->flags & VMA_SHARED && vma->pgoff + vma->pages > shared_end)
			shared_end = vma->pgoff + vma->pages;
		sums->in_regions += verify_hash(at);
		users++;
		before = at;
		at = vma->region_next;
	}
	CHECK(users == r->users && before == r->last_vma, "region %u: %u users, found %u", id, r->users, users);
	CHECK(shared_end == r->node.aux, "region %u: shared up to %llu, said %llu", id, (unsigned long long)shared_end,
	      (unsigned long long)r->node.aux);
	if (r->flags & REGION_SHAREABLE)
		sums->shareable += verify_hash(id);
	if (!r->users)
		sums->userless += verify_hash(id);
	if (!r->file)
		return 0;
	CHECK(r->file <= b->file_count && file_at(b, r->file)->state == FILE_LIVE, "region %u: no file %u", id,
	      r->file);
	sums->file_maps += r->users * verify_hash(r->file);
	if (!direct || file_at(b, r->file)->backing != BACKING_RAM)
		return 0;
	CHECK(frame && r->pages <= b->pages - (frame - 1), "region %u lies outside of RAM", id);
	if (!(r->flags & REGION_TORN)) {
		uint64_t run;

		CHECK(extent_find(b, file_at(b, r->file), r->node.start, r->pages, &run) == frame && run == r->pages,
		      "region %u: its pages are not the file's", id);
		return 0;
	}
	for (uint32_t i = r->swept; i < r->pages; i++) {
		const struct seg_frame *f = frame_at(b, frame + i);

		if (f->state == FRAME_ORPHAN)
			sums->orphans += verify_hash(frame + i);
		else
			CHECK(frame_at(b, pages_chunk(b, frame + i))->owner == r->file,
			      "region %u: page %u of it is neither the file's nor an orphan", id, i);
	}
	return 0;
}

static int verify_vma(struct nommu_board *b, uint32_t id, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_vma *v = vma_at(b, id);
	const struct seg_region *r;

	CHECK(v->region && v->region <= b->region_count && region_at(b, v->region)->state, "vma %u: no region %u", id,
	      v->region);
	r = region_at(b, v->region);
	CHECK(v->mm <= b->mm_count && mm_at(b, v->mm)->state, "vma %u: no mm %u", id, v->mm);
	CHECK(v->pages && v->pages <= r->pages && v->pgoff >= r->node.start &&
		      v->pgoff - r->node.start <= r->pages - v->pages,
	      "vma %u: pages %llu+%u of region %u", id, (unsigned long long)v->pgoff, v->pages, v->region);
	CHECK(v->start == r->start + ((v->pgoff - r->node.start) << NOMMU_PAGE_SHIFT), "vma %u: address 0x%llx", id,
	      (unsigned long long)v->start);
	CHECK(b->profile != NOMMU_PROFILE_BDI || r->flags & REGION_COPIED || v->pages == r->pages, "vma %u: %u pages of a region of %u", id, v->pages,
	      r->pages);
	CHECK(!(v->flags & VMA_SHAREABLE) == !(r->flags & REGION_SHAREABLE), "vma %u: shareable, or not", id);
	sums->vmas += verify_hash(id);
	return 0;
}

static int verify_mm(struct nommu_board *b, uint32_t id, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_mm *mm = mm_at(b, id);
	uint32_t count = 0, before = 0;
	uint64_t pages = 0;

	CHECK(mm->state == 1, "mm %u: state %u", id, mm->state);
	for (uint32_t at = mm->first_vma; at;) {
		const struct seg_vma *v;

		CHECK(at <= b->vma_count && count < mm->vmas, "mm %u: its list leads to %u", id, at);
		v = vma_at(b, at);
		CHECK(v->mm == id && v->mm_prev == before, "mm %u: vma %u is another's", id, at);
		sums->in_mms += verify_hash(at);
		pages += region_at(b, v->region)->block;
		count++;
		before = at;
		at = v->mm_next;
	}
	CHECK(count == mm->vmas && pages == mm->pages, "mm %u: %u mappings of %llu pages, found %u of %llu", id,
	      mm->vmas, (unsigned long long)mm->pages, count, (unsigned long long)pages);
	before = 0;
	count = 0;
	for (uint32_t at = mm->pending; at;) {
		const struct seg_frame *f;

		CHECK(at <= b->pages && ++count <= b->pages, "mm %u: its pending list leads to %u", id, at);
		f = frame_at(b, at);
		CHECK(f->prev == before && f->node.start && verify_run(b, at, f->node.start, FRAME_PENDING, id),
		      "mm %u: pending frame %u is another's", id, at);
		sums->pending_pages += f->node.start;
		if (f->node.end)
			sums->file_pins += verify_hash((uint32_t)f->node.end);
		before = at;
		at = f->next;
	}
	return 0;
}

static int verify_file(struct nommu_board *b, uint32_t id, struct verify_sums *sums, struct nommu_why *why)
{
	struct seg_file *f = file_at(b, id);
	struct tree_walk extents = { .file = id, .extents = true }, regions = { .file = id };
	struct itree tree = itree_extents(b, f);
	int error;

	CHECK(f->state == FILE_LIVE || f->state == FILE_REAPED, "file %u: state %u", id, f->state);
	CHECK(f->state == FILE_LIVE || (!f->named && !f->mappings && !f->pins), "file %u is reaped, but wanted", id);
	CHECK(f->state == FILE_REAPED || f->named || f->mappings || f->pins, "file %u is not wanted", id);
	CHECK(f->backing >= BACKING_RAM && f->backing <= BACKING_HOST, "file %u: backing %u", id, f->backing);
	CHECK(f->backing == BACKING_RAM || !f->extents, "file %u: has pages, but not in RAM", id);
	CHECK((f->backing == BACKING_HOST) == (f->id.dev != 0), "file %u: backing %u on device %llu", id, f->backing,
	      (unsigned long long)f->id.dev);
	CHECK(f->backing != BACKING_HOST || !f->named, "file %u: the host's, and named", id);
	if (f->backing == BACKING_WINDOW)
		CHECK(f->window && f->window < b->windows && f->offset <= b->window[f->window].size &&
			      f->size <= b->window[f->window].size - f->offset,
		      "file %u: lies outside of window %u", id, f->window);
	CHECK(f->backing == BACKING_WINDOW || (!f->offset && (!f->window || f->backing == BACKING_RAM)),
	      "file %u: says window %u, but lies in none", id, f->window);
	if (shm_of(f))
		CHECK(f->shm <= b->shm_count && shm_at(b, f->shm)->state && shm_at(b, f->shm)->file == id,
		      "file %u: is no System V segment %u", id, f->shm);
	CHECK(file_answers(&f->attr), "file %u: its driver answers %d and %d", id, f->attr.address_op, f->attr.map_op);
	sums->hashed += f->hashed;
	sums->file_maps_said += f->mappings * verify_hash(id);
	sums->file_pins_said += f->pins * verify_hash(id);
	error = verify_tree(b, &tree, f->extents, &extents, sums, 0, why);
	if (error)
		return error;
	CHECK(extents.pages == f->pages, "file %u: %llu pages, found %llu", id, (unsigned long long)f->pages,
	      (unsigned long long)extents.pages);
	tree = itree_regions(b, f);
	return verify_tree(b, &tree, f->regions, &regions, sums, 0, why);
}

static int verify_shm(struct nommu_board *b, uint32_t id, struct nommu_why *why)
{
	const struct seg_shm *s = shm_at(b, id);
	struct seg_file *f;
	uint64_t run;

	CHECK(s->state == 1 && s->sequence <= SHM_SEQUENCE_MAX, "shm %u: state %u, sequence %u", id, s->state,
	      s->sequence);
	CHECK(s->file && s->file <= b->file_count && file_at(b, s->file)->state == FILE_LIVE &&
		      shm_of(file_at(b, s->file)) == id,
	      "shm %u: no file %u", id, s->file);
	f = file_at(b, s->file);
	CHECK(f->named == 1 && f->attr.kind == NOMMU_KIND_SHM && f->id.ino == (uint64_t)shm_id(b, id) &&
		      f->id.birth == SHM_BIRTH,
	      "shm %u: file %u is another's", id, s->file);
	CHECK(f->pages && f->pages == page_count(f->size) && extent_find(b, f, 0, f->pages, &run) && run == f->pages,
	      "shm %u: its %llu bytes are not one run", id, (unsigned long long)f->size);
	CHECK(!(s->mode & ~(0777u | SHM_DEST)) && (!(s->mode & SHM_DEST) || (f->mappings && !s->key)),
	      "shm %u: mode %o, key %#x, %u attaches", id, s->mode, s->key, f->mappings);
	CHECK(!s->key || shm_find(b, s->key) == id, "shm %u: another one has its key, %#x", id, s->key);
	return 0;
}

static int verify_table(struct nommu_board *b, enum seg_table_id table, uint32_t live, struct nommu_why *why)
{
	static const char *const names[TABLES] = { "regions", "vmas", "mms", "files", "shms" };
	const struct seg_table *t = &b->header->table[table];
	uint32_t free = 0;

	CHECK(live == t->used, "%s: %u used, found %u", names[table], t->used, live);
	for (uint32_t id = t->free; id; free++) {
		CHECK(id <= t->high && free < t->high, "%s: the free list leads to %u", names[table], id);
		switch (table) {
		case TABLE_REGIONS:
			CHECK(!region_at(b, id)->state, "region %u is used, and free", id);
			id = region_at(b, id)->link;
			break;
		case TABLE_VMAS:
			CHECK(!vma_at(b, id)->mm, "vma %u is used, and free", id);
			id = vma_at(b, id)->link;
			break;
		case TABLE_MMS:
			CHECK(!mm_at(b, id)->state, "mm %u is used, and free", id);
			id = mm_at(b, id)->link;
			break;
		case TABLE_SHMS:
			CHECK(!shm_at(b, id)->state, "shm %u is used, and free", id);
			id = shm_at(b, id)->link;
			break;
		default:
			CHECK(!file_at(b, id)->state, "file %u is used, and free", id);
			id = file_at(b, id)->link;
		}
	}
	CHECK(free + live == t->high, "%s: %u of %u are neither used nor free", names[table], t->high - free - live,
	      t->high);
	return 0;
}

static int verify_records(struct nommu_board *b, struct verify_sums *sums, struct nommu_why *why)
{
	const struct seg_table *tables = b->header->table;
	uint32_t live[TABLES] = { 0 };
	int error = 0;

	CHECK(tables[TABLE_REGIONS].high <= b->region_count && tables[TABLE_VMAS].high <= b->vma_count &&
		      tables[TABLE_MMS].high <= b->mm_count && tables[TABLE_FILES].high <= b->file_count &&
		      tables[TABLE_SHMS].high <= b->shm_count,
	      "a table says it has more records than there are");
	for (uint32_t id = 1; !error && id <= tables[TABLE_FILES].high; id++)
		if (file_at(b, id)->state && ++live[TABLE_FILES])
			error = verify_file(b, id, sums, why);
	for (uint32_t id = 1; !error && id <= tables[TABLE_REGIONS].high; id++)
		if (region_at(b, id)->state && ++live[TABLE_REGIONS])
			error = verify_region(b, id, sums, why);
	for (uint32_t id = 1; !error && id <= tables[TABLE_VMAS].high; id++)
		if (vma_at(b, id)->mm && ++live[TABLE_VMAS])
			error = verify_vma(b, id, sums, why);
	for (uint32_t id = 1; !error && id <= tables[TABLE_MMS].high; id++)
		if (mm_at(b, id)->state && ++live[TABLE_MMS])
			error = verify_mm(b, id, sums, why);
	for (uint32_t id = 1; !error && id <= tables[TABLE_SHMS].high; id++)
		if (shm_at(b, id)->state && ++live[TABLE_SHMS])
			error = verify_shm(b, id, why);
	for (int i = 0; !error && i < TABLES; i++)
		error = verify_table(b, (enum seg_table_id)i, live[i], why);
	return error;
}

static int verify_hashes(struct nommu_board *b, const struct verify_sums *sums, struct nommu_why *why)
{
	uint64_t vmas = 0, files = 0;

	for (uint32_t i = 0; i < 1u << b->vma_hash_bits; i++) {
		uint32_t before = 0;

		for (uint32_t id = b->vma_hash[i]; id; before = id, id = vma_at(b, id)->link) {
			const struct seg_vma *v = vma_at(b, id);

			CHECK(id <= b->vma_count && ++vmas <= b->vma_count && v->mm && v->hash_prev == before &&
				      vma_bucket(b, v->mm, v->start) == &b->vma_hash[i],
			      "hash chain %u of mappings is wrong at %u", i, id);
		}
	}
	for (uint32_t i = 0; i < 1u << b->file_hash_bits; i++) {
		uint32_t before = 0;

		for (uint32_t id = b->file_hash[i]; id; before = id, id = file_at(b, id)->link) {
			const struct seg_file *f = file_at(b, id);

			CHECK(id <= b->file_count && ++files <= b->file_count && f->state == FILE_LIVE && f->hashed &&
				      f->hash_prev == before && file_bucket(b, &f->id) == &b->file_hash[i],
			      "hash chain %u of files is wrong at %u", i, id);
		}
	}
	CHECK(vmas == b->header->table[TABLE_VMAS].used && files == sums->hashed,
	      "a mapping or a file is on no hash chain");
	return 0;
}

static int verify_reap(struct nommu_board *b, struct verify_sums *sums, struct nommu_why *why)
{
	uint32_t count = 0;

	for (uint32_t id = b->header->reap_file; id; id = file_at(b, id)->link)
		CHECK(id <= b->file_count && ++count <= b->file_count && file_at(b, id)->state == FILE_REAPED,
		      "the list of reaped files leads to %u", id);
	count = 0;
	for (uint32_t id = b->header->reap_region; id; id = region_at(b, id)->link) {
		CHECK(id <= b->region_count && ++count <= b->region_count && region_at(b, id)->state &&
			      !region_at(b, id)->users,
		      "the list of torn regions leads to %u", id);
		sums->file_pins += verify_hash(region_at(b, id)->file);
		sums->reaped += verify_hash(id);
	}
	CHECK(sums->reaped == sums->userless, "torn regions without users are on no list");
	return 0;
}

int verify_tables(struct nommu_board *b, struct nommu_why *why)
{
	struct verify_sums sums = { 0 };
	int error = verify_frames(b, &sums, why);

	if (!error)
		error = verify_records(b, &sums, why);
	if (!error)
		error = verify_hashes(b, &sums, why);
	if (!error)
		error = verify_reap(b, &sums, why);
	if (error)
		return error;
	CHECK(sums.vmas == sums.in_mms && sums.vmas == sums.in_regions, "mappings and the lists they are on differ");
	CHECK(sums.shareable == sums.in_trees, "shareable regions and the files' trees differ");
	CHECK(sums.file_maps == sums.file_maps_said, "files are not mapped as often as they say");
	CHECK(sums.file_pins == sums.file_pins_said, "files are not pinned as often as they say");
	CHECK(sums.orphans == sums.orphans_said, "orphan pages are not held as often as they say");
	CHECK(sums.slack == b->header->slack_pages, "%u pages of slack, found %llu", b->header->slack_pages,
	      (unsigned long long)sums.slack);
	CHECK(sums.pending_pages == b->header->pending_pages, "pending pages are on no list");
	CHECK(!b->damaged, "an index leads outside of its table");
	return 0;
}

int nommu_verify(struct nommu_board *b, struct nommu_why *why)
{
	int result = tx_begin(b), ended;
	bool damaged;

	why->text[0] = 0;
	if (result)
		return result;
	result = verify_tables(b, why);
	damaged = b->damaged;
	b->damaged = false;
	ended = tx_end(b);
	if (damaged && !result)
		return why_say(why, -EIO, "an index leads outside of its table");
	return result ? result : ended;
}
