/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_tree_random - random operations on the daemon's tree of names, against a model that is one array of names.
 *
 * TREE_SEED=NUMBER gives the seed, which is printed.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/tree.h"
#include "suites.h"

static struct tree tree;

static struct tree_entry *entry(struct tree_inode *dir, const char *name)
{
	struct tree_entry *found = tree_lookup(&tree, dir, name);

	ck_assert_ptr_nonnull(found);
	return found;
}

#define MODEL_NAMES 400
#define MODEL_DIRS  12

struct model_name {
	struct tree_inode *dir; /* NULL: free */
	char name[16];
	uint64_t ino;
};

static struct model_name model[MODEL_NAMES];
static unsigned int seed;

static unsigned int draw(unsigned int below)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 8) % below;
}

static struct model_name *model_find(const struct tree_inode *dir, const char *name)
{
	for (int i = 0; i < MODEL_NAMES; i++)
		if (model[i].dir == dir && !strcmp(model[i].name, name))
			return &model[i];
	return NULL;
}

static struct model_name *model_free(void)
{
	for (int i = 0; i < MODEL_NAMES; i++)
		if (!model[i].dir)
			return &model[i];
	return NULL;
}

static unsigned int model_links(uint64_t ino)
{
	unsigned int links = 0;

	for (int i = 0; i < MODEL_NAMES; i++)
		links += model[i].dir && model[i].ino == ino;
	return links;
}

static void step(struct tree_inode *const *dirs)
{
	struct tree_inode *dir = dirs[draw(MODEL_DIRS)], *to = dirs[draw(MODEL_DIRS)], *inode;
	struct model_name *known, *target, *place = model_free();
	char name[16], newname[16];

	snprintf(name, sizeof(name), "n%u", draw(40));
	snprintf(newname, sizeof(newname), "n%u", draw(40));
	known = model_find(dir, name);
	target = model_find(to, newname);
	switch (draw(4)) {
	case 0:
		if (!place)
			return;
		inode = tree_new(&tree, 0, TREE_RAM, S_IFREG);
		ck_assert_int_eq(tree_link(&tree, dir, name, inode), known ? -EEXIST : 0);
		if (!known)
			*place = (struct model_name){.dir = dir, .ino = inode->ino};
		if (!known)
			strcpy(place->name, name);
		tree_put(&tree, inode);
		return;
	case 1:
		if (!known || !place)
			return;
		inode = tree_find(&tree, known->ino);
		ck_assert_int_eq(tree_link(&tree, to, newname, inode), target ? -EEXIST : 0);
		if (!target) {
			*place = (struct model_name){.dir = to, .ino = inode->ino};
			strcpy(place->name, newname);
		}
		return;
	case 2:
		if (!known)
			return;
		tree_unlink(&tree, entry(dir, name));
		known->dir = NULL;
		return;
	default:
		if (!known || known == target || (target && target->ino == known->ino))
			return;
		ck_assert_int_eq(tree_rename(&tree, entry(dir, name), to, newname,
					     target ? entry(to, newname) : NULL), 0);
		if (target)
			target->dir = NULL;
		known->dir = to;
		strcpy(known->name, newname);
	}
}

static void compare(struct tree_inode *const *dirs)
{
	for (int i = 0; i < MODEL_DIRS; i++) {
		uint64_t cookie = 0;
		size_t live = 0;

		for (struct tree_entry *at; (at = tree_next(dirs[i], cookie)); cookie = at->cookie, live++) {
			const struct model_name *known = model_find(dirs[i], at->name);

			ck_assert_ptr_nonnull(known);
			ck_assert_uint_eq(known->ino, at->inode->ino);
			ck_assert_uint_eq(at->inode->nlink, model_links(known->ino));
			ck_assert_ptr_eq(tree_lookup(&tree, dirs[i], at->name), at);
		}
		for (int n = 0; n < MODEL_NAMES; n++)
			live -= model[n].dir == dirs[i];
		ck_assert_uint_eq(live, 0);
	}
}

START_TEST(random_operations_agree_with_the_model)
{
	struct tree_inode *dirs[MODEL_DIRS];
	const char *given = getenv("TREE_SEED");
	char name[16];

	seed = given ? (unsigned int)strtoul(given, NULL, 0) : (unsigned int)time(NULL);
	ck_assert_int_eq(tree_init(&tree, NULL, NULL), 0);
	printf("tree: TREE_SEED=%u\n", seed);
	memset(model, 0, sizeof(model));
	for (int i = 0; i < MODEL_DIRS; i++) {
		snprintf(name, sizeof(name), "dir%d", i);
		dirs[i] = tree_new(&tree, 0, TREE_RAM, S_IFDIR);
		ck_assert_ptr_nonnull(dirs[i]);
		ck_assert_int_eq(tree_link(&tree, tree.root, name, dirs[i]), 0);
	}
	for (int i = 0; i < 60000; i++) {
		step(dirs);
		if (i % 1000 == 0)
			compare(dirs);
	}
	compare(dirs);
	tree_fini(&tree);
}
END_TEST

SUITE(tree_random)
{
	Suite *suite = suite_create("tree_random");
	TCase *model_case = tcase_create("model");

	tcase_set_timeout(model_case, 60);
	tcase_add_test(model_case, random_operations_agree_with_the_model);
	suite_add_tcase(suite, model_case);
	return suite;
}
