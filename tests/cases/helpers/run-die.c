/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* run-die exit N | run-die signal N: ends so. run-die args ARG...: one line an argument. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	if (argc > 1 && strcmp(argv[1], "args") == 0) {
		for (int i = 2; i < argc; i++)
			printf("<%s>\n", argv[i]);
		return 0;
	}
	if (argc != 3)
		return 2;
	if (strcmp(argv[1], "exit") == 0)
		return atoi(argv[2]);
	raise(atoi(argv[2]));
	return 2;
}
