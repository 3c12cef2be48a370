/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * cramplace - writes a cramfs whose one file, "place", lies in it as it is: four pages and 100 bytes, each filled with
 * its own letter, at a multiple of the page size. mkfs.cramfs compresses everything; images for execution in place
 * are made by others.
 */
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#define PAGES 4u
#define SIZE  (PAGES * 4096u + 100)
#define DATA  4096u /* where it lies */
#define END   (DATA + (PAGES + 1) * 4096u)
#define TABLE 96u

static unsigned char image[END];

static void put(uint32_t at, uint32_t value)
{
	memcpy(image + at, &value, 4);
}

static void header(uint32_t at, uint32_t mode, uint32_t size, uint32_t name, uint32_t offset)
{
	put(at, mode);
	put(at + 4, size);
	put(at + 8, name / 4 | offset / 4 << 6);
}

int main(int argc, char **argv)
{
	FILE *file = argc == 2 ? fopen(argv[1], "wb") : NULL;

	if (!file)
		return 2;
	put(0, 0x28cd3d45);
	put(4, END);
	put(8, 0x802); /* sorted; pointers have flags; there is no checksum */
	memcpy(image + 16, "Compressed ROMFS", 16);
	header(64, S_IFDIR | 0755, 20, 0, 76);
	header(76, S_IFREG | 0755, SIZE, 8, TABLE);
	memcpy(image + 88, "place", 5);
	for (uint32_t i = 0; i <= PAGES; i++) {
		/* Not compressed, and where its block starts. */
		put(TABLE + 4 * i, 0xc0000000u | (DATA + i * 4096) / 4);
		memset(image + DATA + i * 4096, 'a' + (int)i, i < PAGES ? 4096 : 100);
	}
	return fwrite(image, sizeof(image), 1, file) != 1 || fclose(file);
}
