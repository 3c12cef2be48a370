/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-pending FILE MEMINFO BLOCKS: vfork children are killed while they copy FILE, of 2 MiB, from the host. What they
 * had taken is nobody's mapping; it must come back when the parent, which lives on, wants BLOCKS times 4 MiB. Prints how
 * much /proc/meminfo says is pending before that.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE  (2UL << 20)
#define BLOCK (4UL << 20)

__attribute__((noreturn)) static void copy_until_killed(int fd, long us)
{
	const struct itimerval soon = { .it_value.tv_usec = us };
	void *copy;

	setitimer(ITIMER_REAL, &soon, NULL);
	for (;;) {
		copy = mmap(NULL, SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
		if (copy != MAP_FAILED)
			munmap(copy, SIZE);
	}
}

static long pending(const char *path)
{
	char line[128];
	long kb = -1;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		sscanf(line, "Pending: %ld kB", &kb);
	if (file)
		fclose(file);
	return kb;
}

int main(int argc, char **argv)
{
	int fd = argc == 4 ? open(argv[1], O_RDONLY) : -1;

	if (fd < 0)
		return 64;
	for (int i = 0; i < 60; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			copy_until_killed(fd, 300 + i * 37);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	printf("%ld kB pending\n", pending(argv[2]));
	for (int i = 0; i < atoi(argv[3]); i++) {
		if (mmap(NULL, BLOCK, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
			perror("mmap");
			return 2;
		}
	}
	return pending(argv[2]) == 0 ? 0 : 3;
}
