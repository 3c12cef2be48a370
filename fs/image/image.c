/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * image - what the readers of images share: the end of a tree.
 *
 * A reader puts the names behind the nodes, in one block, so that a tree of any size is one free.
 */
#include <stdlib.h>
#include <string.h>

#include "image/image.h"

void image_tree_free(struct image_tree *tree)
{
	free(tree->nodes);
	memset(tree, 0, sizeof(*tree));
}
