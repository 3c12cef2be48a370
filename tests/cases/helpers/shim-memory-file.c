/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shim-memory-file - opens shared memory by names and without, and prints what came of each call:
 * shim-memory-file names | nameless | give NAME | take NAME.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define PAGE 4096

static void say(const char *name, long result)
{
	printf("%s: %s\n", name, result == -1 ? strerrorname_np(errno) : "ok");
	fflush(stdout);
}

static int open_close(const char *name, int flags, mode_t mode)
{
	int fd = shm_open(name, flags, mode), error = errno;

	if (fd >= 0)
		close(fd);
	errno = error;
	return fd >= 0 ? 0 : -1;
}

static void names(void)
{
	char longest[300] = "/";
	struct stat st;
	int fd;

	say("absent", open_close("/nommu-a", O_RDWR, 0));
	umask(027);
	fd = shm_open("/nommu-a", O_RDWR | O_CREAT | O_EXCL, 0666);
	say("made", fd);
	printf("close on exec: %d\n", fcntl(fd, F_GETFD) & FD_CLOEXEC);
	say("size", ftruncate(fd, PAGE));
	fstat(fd, &st);
	printf("mode %o, %ld bytes\n", st.st_mode & 07777, (long)st.st_size);
	close(fd);
	say("again", open_close("/nommu-a", O_RDWR | O_CREAT | O_EXCL, 0666));
	say("without a slash", open_close("nommu-a", O_RDONLY, 0));
	say("with three", open_close("///nommu-a", O_RDONLY, 0));
	fd = shm_open("/nommu-a", O_RDWR | O_TRUNC, 0);
	fstat(fd, &st);
	printf("cut to %ld\n", (long)st.st_size);
	close(fd);
	say("empty", open_close("", O_RDWR | O_CREAT, 0600));
	say("a slash", open_close("/", O_RDWR | O_CREAT, 0600));
	say("a slash inside", open_close("/nommu-a/b", O_RDWR | O_CREAT, 0600));
	say("itself", open_close("/.", O_RDONLY | O_DIRECTORY, 0));
	say("itself, to write", open_close("/.", O_RDWR, 0));
	memset(longest + 1, 'n', 255);
	say("255 bytes", open_close(longest, O_RDWR | O_CREAT, 0600));
	say("255 bytes gone", shm_unlink(longest));
	longest[256] = 'n';
	say("256 bytes", open_close(longest, O_RDWR | O_CREAT, 0600));
	say("256 bytes gone", shm_unlink(longest));
	errno = EXDEV;
	say("unlink", shm_unlink("/nommu-a"));
	printf("errno: %s\n", strerrorname_np(errno));
	say("unlink again", shm_unlink("/nommu-a"));
	say("unlink nothing", shm_unlink("/"));
}

static void nameless(void)
{
	int fd = memfd_create("name", MFD_CLOEXEC | MFD_ALLOW_SEALING), other;
	char *shared, *again, longest[300] = "", path[64], buf[8] = "";
	struct stat st;

	say("memfd", fd);
	if (fd < 0)
		return;
	printf("close on exec: %d\n", fcntl(fd, F_GETFD) & FD_CLOEXEC);
	fstat(fd, &st);
	printf("mode %o, %lu names\n", st.st_mode & 07777, (unsigned long)st.st_nlink);
	say("size", ftruncate(fd, 2 * PAGE));
	shared = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	again = mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	say("shared", (long)shared);
	printf("the same: %s\n", shared == again ? "yes" : "no");
	memcpy(shared, "stored", 7);
	pread(fd, buf, 7, 0);
	printf("read: %s\n", buf);
	say("seals", fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK));
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	other = open(path, O_RDONLY);
	say("opened again", other);
	munmap(shared, 2 * PAGE);
	munmap(again, 2 * PAGE);
	close(other);
	close(fd);
	fd = (int)syscall(SYS_memfd_create, "by number", 0);
	say("by number", fd);
	printf("close on exec: %d\n", fcntl(fd, F_GETFD) & FD_CLOEXEC);
	close(fd);
	memset(longest, 'n', 250);
	say("250 bytes", memfd_create(longest, 0));
	say("bad flags", memfd_create("f", 0x8000));
	say("bad pointer", memfd_create((const char *)8, 0));
	say("huge", memfd_create("h", MFD_HUGETLB));
}

/* Two processes: what one stores the other sees, at the same address. */
static int share(const char *name, int give)
{
	int fd = shm_open(name, O_RDWR | (give ? O_CREAT : 0), 0600);
	char *shared;

	if (fd < 0 || (give && ftruncate(fd, PAGE)))
		return 1;
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (shared == MAP_FAILED)
		return 1;
	if (give)
		snprintf(shared, PAGE, "at %p", (void *)shared);
	puts(shared);
	if (!give)
		printf("at %p\n", (void *)shared);
	return 0;
}

int main(int argc, char **argv)
{
	if (argc == 2 && !strcmp(argv[1], "names"))
		names();
	else if (argc == 2 && !strcmp(argv[1], "nameless"))
		nameless();
	else if (argc == 3)
		return share(argv[2], !strcmp(argv[1], "give"));
	else
		return 2;
	return 0;
}
