/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * test_tree - the daemon's tree of names: link counts, lives of inodes, cookies while entries come and go, paths.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "daemon/tree.h"
#include "suites.h"

static struct tree tree;
static struct tree_inode *root;
static uint64_t dropped[64];
static unsigned int drops;

static void note_drop(void *arg, struct tree_inode *inode)
{
	ck_assert_ptr_eq(arg, &tree);
	dropped[drops++ % 64] = inode->ino;
}

static void setup(void)
{
	drops = 0;
	ck_assert_int_eq(tree_init(&tree, note_drop, &tree), 0);
	root = tree.root;
}

static void teardown(void)
{
	tree_fini(&tree);
}

/* A named inode that nobody holds. */
static struct tree_inode *make(struct tree_inode *dir, const char *name, mode_t mode)
{
	struct tree_inode *inode = tree_new(&tree, 0, TREE_RAM, mode);

	ck_assert_ptr_nonnull(inode);
	ck_assert_int_eq(tree_link(&tree, dir, name, inode), 0);
	tree_put(&tree, inode);
	return inode;
}

static struct tree_entry *entry(struct tree_inode *dir, const char *name)
{
	struct tree_entry *found = tree_lookup(&tree, dir, name);

	ck_assert_ptr_nonnull(found);
	return found;
}

START_TEST(the_root_is_there)
{
	ck_assert_uint_eq(root->ino, TREE_ROOT);
	ck_assert_ptr_eq(tree_find(&tree, TREE_ROOT), root);
	ck_assert_ptr_null(tree_find(&tree, 2));
	ck_assert_uint_eq(root->nlink, 2);
	ck_assert_ptr_eq(tree_parent(root), root);
	ck_assert_ptr_null(tree_next(root, 0));
}
END_TEST

START_TEST(a_name_is_found_in_its_directory_only)
{
	struct tree_inode *dir = make(root, "d", S_IFDIR), *file = make(dir, "f", S_IFREG);

	ck_assert_ptr_eq(entry(dir, "f")->inode, file);
	ck_assert_ptr_null(tree_lookup(&tree, root, "f"));
	ck_assert_ptr_null(tree_lookup(&tree, dir, "F"));
	ck_assert_ptr_null(tree_lookup(&tree, dir, ""));
	ck_assert_ptr_null(tree_lookup(&tree, dir, "ff"));
}
END_TEST

START_TEST(names_have_up_to_255_bytes)
{
	struct tree_inode *inode = tree_new(&tree, 0, TREE_RAM, S_IFREG);
	char name[TREE_NAME_MAX + 2];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(tree_link(&tree, root, name, inode), -ENAMETOOLONG);
	ck_assert_uint_eq(inode->nlink, 0);
	name[TREE_NAME_MAX] = '\0';
	ck_assert_int_eq(tree_link(&tree, root, name, inode), 0);
	ck_assert_int_eq(tree_rename(&tree, entry(root, name), root, "short", NULL), 0);
	ck_assert_ptr_null(tree_lookup(&tree, root, name));
	name[TREE_NAME_MAX] = 'n';
	ck_assert_int_eq(tree_rename(&tree, entry(root, "short"), root, name, NULL), -ENAMETOOLONG);
	ck_assert_ptr_eq(entry(root, "short")->inode, inode);
	tree_put(&tree, inode);
}
END_TEST

START_TEST(a_name_is_given_once)
{
	struct tree_inode *inode = tree_new(&tree, 0, TREE_RAM, S_IFREG);

	make(root, "f", S_IFREG);
	ck_assert_int_eq(tree_link(&tree, root, "f", inode), -EEXIST);
	ck_assert_uint_eq(inode->nlink, 0);
	tree_put(&tree, inode);
	ck_assert_uint_eq(drops, 1);
}
END_TEST

START_TEST(a_removed_directory_takes_no_names)
{
	struct tree_inode *dir = make(root, "d", S_IFDIR), *inode = tree_new(&tree, 0, TREE_RAM, S_IFREG);

	make(root, "f", S_IFREG);
	dir->nlookup = 1;
	tree_unlink(&tree, entry(root, "d"));
	ck_assert_uint_eq(dir->nlink, 0);
	ck_assert_ptr_eq(tree_parent(dir), dir);
	ck_assert_int_eq(tree_link(&tree, dir, "x", inode), -ENOENT);
	ck_assert_int_eq(tree_rename(&tree, entry(root, "f"), dir, "x", NULL), -ENOENT);
	ck_assert_ptr_nonnull(tree_lookup(&tree, root, "f"));
	tree_put(&tree, inode);
	tree_forget(&tree, dir, 1);
}
END_TEST

START_TEST(link_counts_follow_names)
{
	struct tree_inode *a = make(root, "a", S_IFDIR), *b = make(root, "b", S_IFDIR);
	struct tree_inode *file = make(a, "f", S_IFREG), *sub = make(a, "s", S_IFDIR);

	ck_assert_uint_eq(root->nlink, 4);
	ck_assert_uint_eq(a->nlink, 3);
	ck_assert_uint_eq(sub->nlink, 2);
	ck_assert_uint_eq(file->nlink, 1);
	ck_assert_int_eq(tree_link(&tree, b, "g", file), 0);
	ck_assert_uint_eq(file->nlink, 2);
	ck_assert_int_eq(tree_rename(&tree, entry(a, "s"), b, "s", NULL), 0);
	ck_assert_uint_eq(a->nlink, 2);
	ck_assert_uint_eq(b->nlink, 3);
	ck_assert_ptr_eq(tree_parent(sub), b);
	tree_unlink(&tree, entry(a, "f"));
	ck_assert_uint_eq(file->nlink, 1);
	tree_unlink(&tree, entry(b, "s"));
	ck_assert_uint_eq(b->nlink, 2);
	ck_assert_uint_eq(drops, 1);
	ck_assert_uint_eq(a->live, 0);
	ck_assert_uint_eq(b->live, 1);
}
END_TEST

START_TEST(an_inode_lives_while_it_is_named_looked_up_or_held)
{
	struct tree_inode *file = make(root, "f", S_IFREG);
	uint64_t ino = file->ino;

	file->nlookup = 3;
	tree_hold(file);
	tree_unlink(&tree, entry(root, "f"));
	ck_assert_uint_eq(file->nlink, 0);
	ck_assert_ptr_eq(tree_find(&tree, ino), file);
	tree_forget(&tree, file, 2);
	tree_put(&tree, file);
	ck_assert_ptr_eq(tree_find(&tree, ino), file);
	ck_assert_uint_eq(drops, 0);
	tree_forget(&tree, file, 1);
	ck_assert_uint_eq(drops, 1);
	ck_assert_uint_eq(dropped[0], ino);
	ck_assert_ptr_null(tree_find(&tree, ino));
}
END_TEST

START_TEST(a_forget_of_too_many_does_not_wrap)
{
	struct tree_inode *file = make(root, "f", S_IFREG);

	file->nlookup = 1;
	tree_forget(&tree, file, UINT64_MAX);
	ck_assert_uint_eq(file->nlookup, 0);
	ck_assert_uint_eq(drops, 0);
	tree_unlink(&tree, entry(root, "f"));
	ck_assert_uint_eq(drops, 1);
}
END_TEST

START_TEST(inode_numbers_are_not_used_twice)
{
	uint64_t first = make(root, "f", S_IFREG)->ino;

	tree_unlink(&tree, entry(root, "f"));
	ck_assert_uint_gt(make(root, "f", S_IFREG)->ino, first);
}
END_TEST

START_TEST(rename_over_a_file_takes_its_place)
{
	struct tree_inode *a = make(root, "a", S_IFREG), *b = make(root, "b", S_IFREG);
	uint64_t lost = b->ino, cookie = entry(root, "b")->cookie;

	ck_assert_int_eq(tree_rename(&tree, entry(root, "a"), root, "b", entry(root, "b")), 0);
	ck_assert_ptr_null(tree_lookup(&tree, root, "a"));
	ck_assert_ptr_eq(entry(root, "b")->inode, a);
	ck_assert_uint_eq(entry(root, "b")->cookie, cookie);
	ck_assert_uint_eq(a->nlink, 1);
	ck_assert_uint_eq(root->live, 1);
	ck_assert_uint_eq(drops, 1);
	ck_assert_uint_eq(dropped[0], lost);
}
END_TEST

START_TEST(rename_over_a_directory_keeps_the_counts)
{
	struct tree_inode *a = make(root, "a", S_IFDIR), *b = make(root, "b", S_IFDIR);
	struct tree_inode *sub = make(a, "s", S_IFDIR);

	b->nlookup = 1;
	ck_assert_int_eq(tree_rename(&tree, entry(a, "s"), root, "b", entry(root, "b")), 0);
	ck_assert_uint_eq(a->nlink, 2);
	ck_assert_uint_eq(root->nlink, 4);
	ck_assert_uint_eq(b->nlink, 0);
	ck_assert_ptr_eq(tree_parent(sub), root);
	tree_forget(&tree, b, 1);
	ck_assert_uint_eq(drops, 1);
}
END_TEST

START_TEST(exchange_swaps_a_file_and_a_directory)
{
	struct tree_inode *a = make(root, "a", S_IFDIR), *b = make(root, "b", S_IFDIR);
	struct tree_inode *file = make(a, "f", S_IFREG), *sub = make(b, "s", S_IFDIR);

	tree_exchange(entry(a, "f"), entry(b, "s"));
	ck_assert_ptr_eq(entry(a, "f")->inode, sub);
	ck_assert_ptr_eq(entry(b, "s")->inode, file);
	ck_assert_uint_eq(a->nlink, 3);
	ck_assert_uint_eq(b->nlink, 2);
	ck_assert_uint_eq(file->nlink, 1);
	ck_assert_uint_eq(sub->nlink, 2);
	ck_assert_ptr_eq(tree_parent(sub), a);
}
END_TEST

START_TEST(below_means_itself_or_inside)
{
	struct tree_inode *a = make(root, "a", S_IFDIR), *b = make(a, "b", S_IFDIR), *c = make(root, "c", S_IFDIR);

	ck_assert(tree_below(a, a));
	ck_assert(tree_below(b, a));
	ck_assert(tree_below(b, root));
	ck_assert(!tree_below(a, b));
	ck_assert(!tree_below(c, a));
}
END_TEST

START_TEST(paths_are_whole_or_cut_in_front)
{
	struct tree_inode *a = make(root, "aaa", S_IFDIR), *b = make(a, "bb", S_IFDIR), *f = make(b, "file", S_IFREG);
	char text[32];

	ck_assert_uint_eq(tree_path(f, text, sizeof(text)), 12);
	ck_assert_str_eq(text, "/aaa/bb/file");
	ck_assert_uint_eq(tree_path(f, text, 13), 12);
	ck_assert_str_eq(text, "/aaa/bb/file");
	ck_assert_uint_eq(tree_path(f, text, 8), 12);
	ck_assert_str_eq(text, "bb/file");
	ck_assert_uint_eq(tree_path(f, text, 5), 12);
	ck_assert_str_eq(text, "file");
	ck_assert_uint_eq(tree_path(f, NULL, 0), 12);
	ck_assert_uint_eq(tree_path(root, text, sizeof(text)), 0);
	ck_assert_str_eq(text, "");
	tree_hold(f);
	tree_unlink(&tree, entry(b, "file"));
	ck_assert_uint_eq(tree_path(f, text, sizeof(text)), 0);
	tree_put(&tree, f);
}
END_TEST

/* Entries that stay are seen once, whatever comes and goes between two reads of a directory. */
START_TEST(cookies_are_stable)
{
	enum { KEPT = 500 };
	unsigned int seen[KEPT] = {0};
	struct tree_entry *at;
	uint64_t cookie = 0;
	char name[32];
	int number, round = 0;

	for (int i = 0; i < KEPT; i++) {
		snprintf(name, sizeof(name), "keep%d", i);
		make(root, name, S_IFREG);
		snprintf(name, sizeof(name), "go%d", i);
		make(root, name, S_IFREG);
	}
	while ((at = tree_next(root, cookie))) {
		ck_assert_uint_gt(at->cookie, cookie);
		ck_assert_uint_gt(at->cookie, TREE_COOKIE);
		cookie = at->cookie;
		if (sscanf(at->name, "keep%d", &number) == 1)
			seen[number]++;
		/* One goes before or behind the reader, and while it reads some come. */
		snprintf(name, sizeof(name), "go%d", round * 7919 % KEPT);
		if (tree_lookup(&tree, root, name))
			tree_unlink(&tree, entry(root, name));
		if (round++ < KEPT) {
			snprintf(name, sizeof(name), "new%d", round);
			make(root, name, S_IFREG);
		}
	}
	for (int i = 0; i < KEPT; i++)
		ck_assert_uint_eq(seen[i], 1);
}
END_TEST

START_TEST(an_emptied_directory_lets_go_of_its_slots)
{
	char name[32];

	for (int i = 0; i < 10000; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		make(root, name, S_IFREG);
	}
	for (int i = 0; i < 9999; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		tree_unlink(&tree, entry(root, name));
	}
	ck_assert_uint_eq(root->live, 1);
	ck_assert_uint_lt(root->used, 64);
	ck_assert_str_eq(tree_next(root, 0)->name, "f9999");
}
END_TEST

START_TEST(a_hundred_thousand_names_in_one_directory)
{
	char name[32];

	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		make(root, name, S_IFREG);
	}
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		ck_assert_ptr_eq(tree_find(&tree, entry(root, name)->inode->ino), entry(root, name)->inode);
	}
	/* Growing kept the chains short: a look-up passes a handful. */
	ck_assert_uint_ge(tree.entry_buckets, 65536);
	ck_assert_uint_ge(tree.inode_buckets, 65536);
	for (int i = 0; i < 100000; i++) {
		snprintf(name, sizeof(name), "file-%d", i);
		tree_unlink(&tree, entry(root, name));
	}
	ck_assert_uint_eq(drops, 100000);
	ck_assert_uint_eq(tree.inode_count, 1);
	ck_assert_uint_eq(tree.entry_count, 0);
}
END_TEST

SUITE(tree)
{
	Suite *suite = suite_create("tree");
	TCase *names = tcase_create("names"), *lives = tcase_create("lives"), *many = tcase_create("many");

	tcase_add_checked_fixture(names, setup, teardown);
	tcase_add_test(names, the_root_is_there);
	tcase_add_test(names, a_name_is_found_in_its_directory_only);
	tcase_add_test(names, names_have_up_to_255_bytes);
	tcase_add_test(names, a_name_is_given_once);
	tcase_add_test(names, a_removed_directory_takes_no_names);
	tcase_add_test(names, link_counts_follow_names);
	tcase_add_test(names, rename_over_a_file_takes_its_place);
	tcase_add_test(names, rename_over_a_directory_keeps_the_counts);
	tcase_add_test(names, exchange_swaps_a_file_and_a_directory);
	tcase_add_test(names, below_means_itself_or_inside);
	tcase_add_test(names, paths_are_whole_or_cut_in_front);
	suite_add_tcase(suite, names);
	tcase_add_checked_fixture(lives, setup, teardown);
	tcase_add_test(lives, an_inode_lives_while_it_is_named_looked_up_or_held);
	tcase_add_test(lives, a_forget_of_too_many_does_not_wrap);
	tcase_add_test(lives, inode_numbers_are_not_used_twice);
	suite_add_tcase(suite, lives);
	tcase_add_checked_fixture(many, setup, teardown);
	tcase_set_timeout(many, 60);
	tcase_add_test(many, cookies_are_stable);
	tcase_add_test(many, an_emptied_directory_lets_go_of_its_slots);
	tcase_add_test(many, a_hundred_thousand_names_in_one_directory);
	suite_add_tcase(suite, many);
	return suite;
}
