/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-pending FILE MEMINFO: vfork children are killed while they copy FILE, of 2 MiB, from the host. What they had taken
 * is nobody's mapping; it must come back when the parent, which lives on, wants every page that is free or pending.
 * (A child killed behind the copy leaves a mapping, which stays.) Prints how much /proc/meminfo says is pending.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#define SIZE (2UL << 20)

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

/* A line of /proc/meminfo; -1 if it is not there. */
static long meminfo(const char *path, const char *name)
{
	char line[128];
	long kb = -1;
	FILE *file = fopen(path, "r");

	while (file && fgets(line, sizeof(line), file))
		if (strncmp(line, name, strlen(name)) == 0)
			sscanf(line + strlen(name), ": %ld kB", &kb);
	if (file)
		fclose(file);
	return kb;
}

int main(int argc, char **argv)
{
	int fd = argc == 3 ? open(argv[1], O_RDONLY) : -1;
	long pages;

	if (fd < 0)
		return 64;
	for (int i = 0; i < 60; i++) {
		pid_t pid = vfork();

		if (pid == 0)
			copy_until_killed(fd, 300 + i * 37);
		if (pid < 0 || waitpid(pid, NULL, 0) != pid)
			return 1;
	}
	printf("%ld kB pending\n", meminfo(argv[2], "Pending"));
	pages = (meminfo(argv[2], "MemFree") + meminfo(argv[2], "Pending")) / 4;
	while (pages--) {
		if (mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED) {
			perror("mmap");
			return 2;
		}
	}
	return meminfo(argv[2], "Pending") == 0 ? 0 : 3;
}
