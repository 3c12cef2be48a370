/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_cramfs_random - random trees, their files stored in random ways, are read as what they were made of.
 *
 * CRAMFS_SEED=NUMBER gives the seed, which is printed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <time.h>

#include "cramfs_image.h"
#include "suites.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define BLOCK    4096u
#define NODES    60
#define ROUNDS   300

static unsigned int seed;

static uint32_t below(uint32_t limit)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % limit;
}

/* What a tree was made of, in the order of its nodes: directory by directory. */
struct made {
	struct c_entry entry;
	char name[256];
	uint32_t parent, header;
	unsigned char data[5 * BLOCK];
	uint32_t size;
	char how[8];
};

static struct made *made;
static uint32_t made_count;

static void make_entry(struct made *m, uint32_t parent)
{
	static const uint32_t types[] = { S_IFREG, S_IFREG, S_IFREG, S_IFDIR, S_IFDIR, S_IFLNK, S_IFBLK, S_IFCHR,
					  S_IFIFO, S_IFSOCK };
	size_t length;

	memset(m, 0, sizeof(*m));
	m->parent = parent;
	/* The number makes names differ, and puts them in an order that is no order of names. */
	snprintf(m->name, sizeof(m->name), "%u", (uint32_t)(m - made) * 7919 % 1000);
	length = strlen(m->name) + below(below(4) ? 8 : 249);
	memset(m->name + strlen(m->name), 'n', length - strlen(m->name));
	m->entry = (struct c_entry){ m->name, types[below(COUNT(types))] | below(010000), below(0x10000),
				     below(0x100), 0 };
	if (S_ISBLK(m->entry.mode) || S_ISCHR(m->entry.mode))
		m->entry.size = below(0x10000);
	if (S_ISREG(m->entry.mode))
		m->size = below(4) ? below(sizeof(m->data) + 1) : below(6) * BLOCK;
	if (S_ISLNK(m->entry.mode))
		m->size = 1 + below(4095);
}

static void add_data(struct c_image *c, struct made *m)
{
	static const char hows[] = "cuCUGhH";
	unsigned int kinds = S_ISLNK(m->entry.mode) ? 5 : 7, from = below(3) ? 0 : 3;

	for (unsigned int i = 0; i < 5; i++)
		m->how[i] = hows[from + below(below(2) ? 1 : kinds - from)];
	c_data_fill(m->data, m->size, seed);
	c_image_add_file(c, m->header, m->data, m->size, m->how);
}

static void add_directory(struct c_image *c, uint32_t dir)
{
	struct c_entry entries[8];
	uint32_t headers[8], count = dir ? below(7) : 1 + below(7);

	if (count > NODES - made_count)
		count = NODES - made_count;
	for (uint32_t i = 0; i < count; i++) {
		make_entry(&made[made_count + i], dir);
		entries[i] = made[made_count + i].entry;
	}
	if (count)
		c_image_add_directory(c, made[dir].header, entries, count, headers);
	for (uint32_t i = 0; i < count; i++)
		made[made_count++].header = headers[i];
}

static void make(struct c_image *c)
{
	c_image_begin(c, below(2), below(2) ? 512 : 0, (below(3) ? C_VERSION_2 : 0) | C_EXTENDED | C_SHIFTED);
	memset(made, 0, sizeof(*made));
	made[0].entry = (struct c_entry){ "", S_IFDIR | 0755, 0, 0, 0 };
	made[0].header = c_image_root(c);
	made_count = 1;
	/* Data between the directories too. */
	for (uint32_t i = 0; i < made_count; i++) {
		if (S_ISDIR(made[i].entry.mode))
			add_directory(c, i);
		else if (made[i].size)
			add_data(c, &made[i]);
	}
	c_image_end(c);
}

static uint32_t links(uint32_t dir)
{
	uint32_t count = 2;

	for (uint32_t i = 1; i < made_count; i++)
		count += made[i].parent == dir && S_ISDIR(made[i].entry.mode);
	return count;
}

static void compare(const struct t_image *image, const struct image_node *node, uint32_t i)
{
	const struct made *m = &made[i];
	uint32_t mode = m->entry.mode;

	ck_assert_str_eq(node->name, m->name);
	ck_assert_uint_eq(node->parent, m->parent);
	ck_assert_uint_eq(node->mode, mode);
	ck_assert_uint_eq(node->uid, m->entry.uid);
	ck_assert_uint_eq(node->gid, m->entry.gid);
	ck_assert_uint_eq(node->inode, i);
	ck_assert_uint_eq(node->nlink, S_ISDIR(mode) ? links(i) : 1);
	ck_assert_uint_eq(node->rdev, makedev(m->entry.size >> 8, m->entry.size & 0xff));
	c_node_check(image, node, m->data, m->size);
}

START_TEST(test_random)
{
	const char *given = getenv("CRAMFS_SEED");
	unsigned int packed = 0, placed = 0;

	seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);
	printf("cramfs: CRAMFS_SEED=%u\n", seed);
	fflush(stdout);
	made = calloc(NODES, sizeof(*made));
	ck_assert_ptr_nonnull(made);
	for (unsigned int round = 0; round < ROUNDS; round++) {
		struct c_image c;
		struct image_tree tree;

		make(&c);
		c_image_read_good(&c.image, &tree);
		ck_assert_uint_eq(tree.count, made_count);
		for (uint32_t i = 0; i < tree.count; i++) {
			compare(&c.image, &tree.nodes[i], i);
			packed += tree.nodes[i].packed;
			placed += tree.nodes[i].size && !tree.nodes[i].packed;
		}
		image_tree_free(&tree);
		c_image_free(&c);
	}
	free(made);
	ck_assert_uint_gt(packed, 20);
	ck_assert_uint_gt(placed, 20);
}
END_TEST

SUITE(cramfs_random)
{
	Suite *suite = suite_create("cramfs_random");
	TCase *random_trees = tcase_create("random");

	tcase_set_timeout(random_trees, 120);
	tcase_add_test(random_trees, test_random);
	suite_add_tcase(suite, random_trees);
	return suite;
}
