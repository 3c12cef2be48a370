/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * kill - SIGKILL at random instants of processes that map and unmap on one board: plain ones, vfork children and their
 * parents, processes of which one thread execs while others map, raw clone children, processes with threads.
 *
 * After each kill the others go on; after each round nobody is left and all memory is back. That kills hit inside of
 * the lock is counted (the board's recoveries), and there must have been some of each kind.
 */
#include <pthread.h>

#include "torture.h"

#define ROUNDS          4 /* of each kind, on each profile's board */
#define KILLS_PER_ROUND 100

enum kind { KIND_PLAIN, KIND_VFORK, KIND_EXEC, KIND_CLONE, KIND_THREADS, KINDS };

static const char *const kind_names[KINDS] = { "plain", "vfork", "exec", "clone", "threads" };

/* ---- victims --------------------------------------------------------------------------------------------------- */

/* The child of a vfork shares the task record with its parent: each says anew who it is. */
static void vfork_once(struct nommu_board *b, struct t_slot *slot, uint64_t seed)
{
	pid_t child = vfork();

	if (child == 0) {
		os_task_renew(os_host.task());
		slot->child = (pid_t)os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
		t_work(b, slot, &slot->mm, seed);
	}
	os_task_renew(os_host.task());
	waitpid(child, NULL, 0);
	slot->child = 0;
}

static void victim_vfork(struct nommu_board *b, struct t_slot *slot, uint64_t seed)
{
	struct t_kept kept[T_KEPT];
	unsigned count = 0;
	uint64_t random = seed * 0x9e3779b97f4a7c15ULL | 1;

	for (;;) {
		vfork_once(b, slot, seed++);
		for (int i = 0; i < 300; i++)
			t_operate(b, &slot->mm, &random, kept, &count);
	}
}

struct worker {
	struct nommu_board *b;
	struct t_slot *slot;
	uint64_t seed;
};

static void *run_worker(void *arg)
{
	struct worker *w = arg;

	t_work(w->b, w->slot, &w->slot->mm, w->seed);
}

static void start_workers(struct worker *w, int n)
{
	for (int i = 0; i < n; i++) {
		pthread_t thread;

		w[i] = w[0];
		w[i].seed += (uint64_t)i;
		if (pthread_create(&thread, NULL, run_worker, &w[i]))
			t_die("pthread_create");
	}
}

static void *exec_soon(void *arg)
{
	char **argv = arg;

	t_sleep_us(100 + (uint32_t)getpid() % 400);
	execv("/proc/self/exe", argv);
	t_die("exec: %s", strerror(errno));
}

/* Threads map; one that is not the leader execs under them, and the new program maps on as another mm. */
static void victim_exec(struct torture *t, struct nommu_board *b, int index, uint64_t seed)
{
	static char number[NOMMU_WINDOWS_MAX + 6][12];
	char *argv[NOMMU_WINDOWS_MAX + 7];
	struct worker w[3] = { { b, &t->control->slot[index], seed } };
	pthread_t thread;
	int n = 0;

	argv[n++] = (char *)"kill";
	for (int i = -2; i < t->count; i++) {
		int value = i == -2 ? index : dup(i == -1 ? t->control_fd : t->fds[i]);

		snprintf(number[n], sizeof(number[n]), "%d", value);
		argv[n] = number[n];
		n++;
	}
	argv[n] = NULL;
	start_workers(w, 2);
	if (pthread_create(&thread, NULL, exec_soon, argv))
		t_die("pthread_create");
	pthread_join(thread, NULL);
}

/* What that exec starts: kill INDEX CONTROL SEGMENT RAM… */
static int after_exec(int argc, char **argv)
{
	int fds[NOMMU_WINDOWS_MAX + 1], count = argc - 3;
	struct t_control *control = mmap(NULL, sizeof(*control), PROT_READ | PROT_WRITE, MAP_SHARED, atoi(argv[2]), 0);
	struct t_slot *slot = &control->slot[atoi(argv[1])];

	for (int i = 0; i < count; i++)
		fds[i] = atoi(argv[i + 3]);
	slot->child = 1; /* the exec came off */
	t_work(t_attach(fds, count, false), slot, &slot->second, slot->ops);
}

static void victim_clone(struct torture *t, struct t_slot *slot, uint64_t seed)
{
	for (;; seed++) {
		pid_t child = (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);

		if (child == 0) {
			/* libc knows nothing of this child: what it keeps of the task is the parent's. */
			os_task_renew(os_host.task());
			slot->child = (pid_t)os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0);
			t_work(t_attach(t->fds, t->count, true), slot, &slot->second, seed);
		}
		slot->child = child;
		waitpid(child, NULL, 0);
		slot->child = 0;
	}
}

static void victim(struct torture *t, int index, uint64_t seed)
{
	struct t_slot *slot = &t->control->slot[index];
	struct nommu_board *b;
	struct worker w[3];

	alarm(T_LIFETIME);
	os_task_renew(os_host.task());
	b = t_attach(t->fds, t->count, true);
	switch (slot->kind) {
	case KIND_PLAIN:
		t_work(b, slot, &slot->mm, seed);
	case KIND_VFORK:
		victim_vfork(b, slot, seed);
		break;
	case KIND_EXEC:
		victim_exec(t, b, index, seed);
		break;
	case KIND_CLONE:
		victim_clone(t, slot, seed);
		break;
	default:
		w[0] = (struct worker){ b, slot, seed };
		start_workers(w, 3);
		pause();
		break;
	}
}

/* ---- the killer ------------------------------------------------------------------------------------------------ */

static void spawn(struct torture *t, int index, unsigned kind)
{
	struct t_slot *slot = &t->control->slot[index];
	uint64_t seed = t_random(&t->random, 1u << 30);
	pid_t pid;

	memset(slot, 0, sizeof(*slot));
	slot->kind = kind;
	t_must(nommu_mm_create(t->board, getpid(), "victim", &slot->mm), "mm_create");
	t_must(nommu_mm_create(t->board, getpid(), "second", &slot->second), "mm_create");
	fflush(stdout);
	pid = fork();
	if (pid == 0) {
		victim(t, index, seed);
		_exit(2);
	}
	if (pid < 0)
		t_die("fork: %s", strerror(errno));
	slot->pid = pid; /* not by the child too */
}

static void wait_for(pid_t pid)
{
	int status;

	while (waitpid(pid, &status, __WALL) < 0 && errno == EINTR)
		;
	if (WIFEXITED(status))
		t_die("a victim ended by itself, status %d", WEXITSTATUS(status));
}

/* A dead victim's child that lives on is this program's now. */
static void kill_orphans(const struct torture *t)
{
	char path[64];
	FILE *children;
	int pid;

	snprintf(path, sizeof(path), "/proc/self/task/%d/children", (int)getpid());
	children = fopen(path, "r");
	if (!children)
		t_die("%s: %s", path, strerror(errno));
	while (fscanf(children, "%d", &pid) == 1) {
		bool known = false;

		for (int i = 0; i < T_SLOTS; i++)
			known |= t->control->slot[i].pid == pid;
		if (!known) {
			kill(pid, SIGKILL);
			wait_for(pid);
		}
	}
	fclose(children);
}

/* The victim and whom it made are gone, then their mms. */
static void bury(struct torture *t, int index)
{
	struct t_slot *slot = &t->control->slot[index];

	kill(slot->pid, SIGKILL);
	wait_for(slot->pid);
	slot->pid = 0;
	kill_orphans(t);
	t_must(nommu_mm_exit(t->board, &slot->mm), "mm_exit");
	t_must(nommu_mm_exit(t->board, &slot->second), "mm_exit");
}

/* The victim; where it has a child, as often that one alone, and the victim goes on: false. */
static bool kill_one(struct torture *t, int index, uint64_t *children)
{
	struct t_slot *slot = &t->control->slot[index];
	pid_t child;

	t_wait_ready(slot);
	t_sleep_us(t_random(&t->random, 300));
	child = slot->child;
	*children += child != 0;
	if (child > 1 && t_random(&t->random, 2)) {
		kill(child, SIGKILL);
		return false;
	}
	return true;
}

static uint64_t torture_kind(struct torture *t, unsigned kind)
{
	uint64_t recoveries = t_recoveries(t), ops = 0, kills = 0, children = 0, began = t_now_us();

	/* Threads beyond the machine's CPUs make everything slow, so fewer of those. */
	for (int round = 0; round < (kind == KIND_THREADS ? ROUNDS / 4 : ROUNDS); round++) {
		for (int i = 0; i < T_SLOTS; i++)
			spawn(t, i, kind);
		for (int k = 0; k < KILLS_PER_ROUND; k++) {
			int i = (int)t_random(&t->random, T_SLOTS);

			kills++;
			if (!kill_one(t, i, &children))
				continue;
			ops += t->control->slot[i].ops;
			bury(t, i);
			if (k % 8 == 0)
				t_verify(t, kind_names[kind]);
			t_daemon_work(t);
			spawn(t, i, kind);
		}
		for (int i = 0; i < T_SLOTS; i++)
			bury(t, i);
		t_all_back(t, kind_names[kind]);
	}
	recoveries = t_recoveries(t) - recoveries;
	printf("%-8s %llu kills, %llu inside of the lock, %llu operations, %llu ms\n", kind_names[kind],
	       (unsigned long long)kills, (unsigned long long)recoveries, (unsigned long long)ops,
	       (unsigned long long)(t_now_us() - began) / 1000);
	fflush(stdout);
	if (!ops)
		t_die("%s: no victim did anything", kind_names[kind]);
	if (!children && (kind == KIND_VFORK || kind == KIND_EXEC || kind == KIND_CLONE))
		t_die("%s: no victim ever had a child, or got through exec", kind_names[kind]);
	return recoveries;
}

int main(int argc, char **argv)
{
	struct torture t;

	if (argc > 1)
		return after_exec(argc, argv);
	for (enum nommu_profile profile = NOMMU_PROFILE_BDI; profile <= NOMMU_PROFILE_LINUX6; profile++) {
		t_open(&t, profile);
		for (unsigned kind = 0; kind < KINDS; kind++)
			if (!torture_kind(&t, kind))
				t_die("%s: no kill hit inside of the lock: nothing was tested", kind_names[kind]);
		t_close(&t);
	}
	return 0;
}
