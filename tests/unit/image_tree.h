/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image_tree - what must be true of every tree that a reader of images yields, whatever it was given; for the unit
 * tests and the fuzz targets. Nothing here is taken from a reader.
 */
#ifndef IMAGE_TREE_H
#define IMAGE_TREE_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image/image.h"

static inline const char *image_name_flaw(const struct image_tree *tree, uint32_t i)
{
	const struct image_node *node = &tree->nodes[i];
	size_t length = strlen(node->name);

	if (i == 0)
		return length ? "the root has a name" : NULL;
	if (!length || length > 255 || strchr(node->name, '/'))
		return "a name is empty, too long or has a '/'";
	if (!strcmp(node->name, ".") || !strcmp(node->name, ".."))
		return "a node is called . or ..";
	for (uint32_t k = node->next; k != IMAGE_NONE; k = tree->nodes[k].next)
		if (!strcmp(node->name, tree->nodes[k].name))
			return "two siblings have one name";
	return NULL;
}

static inline const char *image_data_flaw(const struct image_tree *tree, const struct image_node *node)
{
	switch (node->mode & S_IFMT) {
	case S_IFLNK:
		if (!node->size || node->size > 4095)
			return "a symlink's size is out of range";
		/* fall through */
	case S_IFREG:
		/* How large packed bytes are in the image, only the reader knows. */
		if (node->packed)
			return node->size && node->data < tree->bytes ? NULL : "packed, but with no data in the image";
		return node->data <= tree->bytes && node->size <= tree->bytes - node->data ?
			       NULL : "data lies outside of the image";
	case S_IFDIR:
	case S_IFBLK:
	case S_IFCHR:
	case S_IFSOCK:
	case S_IFIFO:
		return node->size || node->packed ? "something without data has a size" : NULL;
	default:
		return "a mode has no type";
	}
}

static inline const char *image_inode_flaw(const struct image_tree *tree, uint32_t i)
{
	const struct image_node *node = &tree->nodes[i];
	const struct image_node *first = &tree->nodes[node->inode];
	uint32_t names = 0;

	if (node->inode > i || first->inode != node->inode)
		return "an inode is no earlier node that stands for itself";
	if (first->mode != node->mode || first->data != node->data || first->size != node->size ||
	    first->packed != node->packed || first->rdev != node->rdev || first->nlink != node->nlink)
		return "names of one inode differ";
	if (S_ISDIR(node->mode))
		return node->inode == i ? NULL : "a directory has two names";
	for (uint32_t k = 0; node->inode == i && k < tree->count; k++)
		names += tree->nodes[k].inode == i;
	return node->inode == i && names != node->nlink ? "a link count is wrong" : NULL;
}

/* Walk a directory's children; count how often each node is met. */
static inline const char *image_children_flaw(const struct image_tree *tree, uint32_t dir, uint8_t *met)
{
	uint32_t nlink = 2, steps = 0;

	if (!S_ISDIR(tree->nodes[dir].mode))
		return tree->nodes[dir].child == IMAGE_NONE ? NULL : "a file has a child";
	for (uint32_t k = tree->nodes[dir].child; k != IMAGE_NONE; k = tree->nodes[k].next) {
		if (k == 0 || k >= tree->count || steps++ > tree->count)
			return "the list of children is broken";
		if (tree->nodes[k].parent != dir)
			return "a child has another parent";
		if (met[k]++)
			return "a node is met twice";
		nlink += S_ISDIR(tree->nodes[k].mode);
	}
	return nlink == tree->nodes[dir].nlink ? NULL : "a directory's link count is wrong";
}

/* NULL, or what is wrong with the tree of an image of @size bytes. Quadratic: for small trees. */
static inline const char *image_tree_flaw(const struct image_tree *tree, size_t size)
{
	const char *flaw = NULL;
	uint8_t *met;

	if (!tree->nodes || !tree->count || tree->bytes > size)
		return "no nodes, or more bytes than there are";
	if (!memchr(tree->volume, 0, sizeof(tree->volume)))
		return "the volume's name has no end";
	if (tree->nodes[0].parent || tree->nodes[0].next != IMAGE_NONE || !S_ISDIR(tree->nodes[0].mode))
		return "the root is none";
	met = calloc(tree->count, 1);
	if (!met)
		abort();
	for (uint32_t i = 0; i < tree->count && !flaw; i++)
		flaw = image_children_flaw(tree, i, met);
	for (uint32_t i = 0; i < tree->count && !flaw; i++) {
		/* A tree: every node but the root is met once, and comes after its parent. */
		if (met[i] != (i != 0) || (i && tree->nodes[i].parent >= i))
			flaw = "a node is not below the root";
		if (!flaw)
			flaw = image_name_flaw(tree, i);
		if (!flaw)
			flaw = image_data_flaw(tree, &tree->nodes[i]);
		if (!flaw)
			flaw = image_inode_flaw(tree, i);
	}
	free(met);
	return flaw;
}

/* If the image was refused for a checksum, put the expected one in; so that what is behind is looked at as well. A
 * cramfs has it where its superblock is, in its own order. */
static inline bool image_mend(unsigned char *image, size_t size, const char *why)
{
	const char *expected = strstr(why, "is wrong, expected 0x");
	unsigned int offset, sum, at = strncmp(why, "cramfs", 6) ? 12 : 32;
	bool little;

	if (!expected || !strstr(why, ": checksum 0x") || sscanf(why, "%*[a-z]: offset 0x%x:", &offset) != 1 ||
	    sscanf(expected, "is wrong, expected 0x%x", &sum) != 1 || (size_t)offset + at + 4 > size)
		return false;
	little = at == 32 && image[offset] == 0x45;
	for (unsigned int i = 0; i < 4; i++)
		image[offset + at + i] = (unsigned char)(sum >> (little ? 8 * i : 24 - 8 * i));
	return true;
}

#endif
