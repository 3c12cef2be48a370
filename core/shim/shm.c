/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * shm - shmget, shmat, shmdt and shmctl as a machine without an MMU answers them: by the board's own segments.
 *
 * Off the board, and from inside of the shim, they are the host's. Here: who calls, and the structures that libc knows;
 * what may be done is the engine's.
 */
#include "shim/shm.h"

#include <linux/capability.h>
#include <string.h>
#include <sys/shm.h>
#include <sys/syscall.h>

#include "nommu_shm.h"
#include "shim/context.h"
#include "shim/trace.h"
#include "shim/user.h"

/* Of more supplementary groups than these the rest does not count. */
#define GROUPS_MAX 256

struct caller {
	struct nommu_shm_caller shm;
	uint32_t groups[GROUPS_MAX];
};

static uint32_t capabilities(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0, 0, 0 } };

	if (os_syscall(SYS_capget, (long)&header, (long)data, 0, 0, 0, 0) < 0)
		return 0;
	return (data[0].effective & 1u << CAP_IPC_OWNER ? NOMMU_SHM_ANY_ACCESS : 0) |
	       (data[0].effective & 1u << CAP_SYS_ADMIN ? NOMMU_SHM_ANY_OWNER : 0) |
	       (data[0].effective & 1u << CAP_IPC_LOCK ? NOMMU_SHM_ANY_LOCK : 0);
}

static void who_calls(struct shim_task *task, struct caller *caller)
{
	long count = os_syscall(SYS_getgroups, GROUPS_MAX, (long)caller->groups, 0, 0, 0, 0);

	caller->shm = (struct nommu_shm_caller){
		.uid = (uint32_t)os_syscall(SYS_geteuid, 0, 0, 0, 0, 0, 0),
		.gid = (uint32_t)os_syscall(SYS_getegid, 0, 0, 0, 0, 0, 0),
		.pid = (int32_t)os_syscall(SYS_getpid, 0, 0, 0, 0, 0, 0),
		.may = capabilities(),
		.task = task_personality(task),
		.group_count = count > 0 ? (uint32_t)count : 0,
		.groups = caller->groups,
	};
}

/* ---- shmget, shmat, shmdt -------------------------------------------------------------------------------------- */

long shim_shmget(int key, size_t size, int flags)
{
	struct shim_task *task = shim_self();
	struct nommu_verdict verdict;
	struct caller caller;
	int32_t id = 0;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_shmget, key, (long)size, flags, 0, 0, 0);
	who_calls(task, &caller);
	result = nommu_shm_get(shim.board, &shim.mm, &caller.shm, key, size, flags, &id, &verdict);
	if (result == 0)
		result = id;
	if (trace_wanted()) {
		const long args[] = { (unsigned int)key, (long)size, flags };

		trace_write("shmget", "xlG", args, result, &verdict);
	}
	shim_leave(task);
	return result;
}

long shim_shmat(int id, const void *addr, int flags)
{
	struct shim_task *task = shim_self();
	struct nommu_verdict verdict;
	struct caller caller;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_shmat, id, (long)addr, flags, 0, 0, 0);
	who_calls(task, &caller);
	result = nommu_shm_attach(shim.board, &shim.mm, &caller.shm, id, (uintptr_t)addr, flags, &verdict);
	if (result == 0)
		result = (long)verdict.addr;
	if (trace_wanted()) {
		const long args[] = { id, (long)addr, flags };

		trace_write("shmat", "lpA", args, result, &verdict);
	}
	shim_leave(task);
	return result;
}

long shim_shmdt(const void *addr)
{
	struct shim_task *task = shim_self();
	struct nommu_verdict verdict;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_shmdt, (long)addr, 0, 0, 0, 0, 0);
	result = nommu_shm_detach(shim.board, &shim.mm, (uintptr_t)addr, &verdict);
	if (trace_wanted()) {
		const long args[] = { (long)addr };

		trace_write("shmdt", "p", args, result, &verdict);
	}
	shim_leave(task);
	return result;
}

/* ---- shmctl ---------------------------------------------------------------------------------------------------- */

static int put_stat(const struct nommu_shm *shm, void *buf)
{
	struct shmid_ds ds;

	memset(&ds, 0, sizeof(ds));
	ds.shm_perm.__key = shm->key;
	ds.shm_perm.uid = shm->uid;
	ds.shm_perm.gid = shm->gid;
	ds.shm_perm.cuid = shm->cuid;
	ds.shm_perm.cgid = shm->cgid;
	ds.shm_perm.mode = (unsigned short)shm->mode;
	ds.shm_perm.__seq = (unsigned short)(shm->id >> 15);
	ds.shm_segsz = shm->size;
	ds.shm_atime = shm->atime;
	ds.shm_dtime = shm->dtime;
	ds.shm_ctime = shm->ctime;
	ds.shm_cpid = shm->cpid;
	ds.shm_lpid = shm->lpid;
	ds.shm_nattch = shm->attaches;
	return user_copy_out(buf, &ds, sizeof(ds));
}

/* IPC_STAT answers 0, those that take an index the id. */
static long control_stat(const struct caller *caller, int id, int command, void *buf, struct nommu_verdict *verdict)
{
	const struct nommu_shm_caller *asked = command == SHM_STAT_ANY ? NULL : &caller->shm;
	struct nommu_shm shm;
	int error;

	if (command == IPC_STAT)
		error = nommu_shm_stat(shim.board, asked, id, &shm, verdict);
	else
		error = nommu_shm_stat_at(shim.board, asked, id, &shm, verdict);
	if (!error)
		error = put_stat(&shm, buf);
	return error ? error : command == IPC_STAT ? 0 : shm.id;
}

static long control_set(const struct caller *caller, int id, const void *buf, struct nommu_verdict *verdict)
{
	struct shmid_ds ds;
	int error = user_copy_in(&ds, buf, sizeof(ds));

	if (error)
		return error;
	return nommu_shm_set(shim.board, &caller->shm, id, ds.shm_perm.uid, ds.shm_perm.gid, ds.shm_perm.mode, verdict);
}

/* Both answer the highest index in use. */
static long control_info(int command, void *buf, struct nommu_verdict *verdict)
{
	struct nommu_shm_info info;
	int error = nommu_shm_info(shim.board, &info, verdict);

	if (error)
		return error;
	if (command == IPC_INFO) {
		struct shminfo limits = {
			.shmmax = info.size_max,
			.shmmin = 1,
			.shmmni = info.count_max,
			.shmseg = info.count_max,
			.shmall = info.size_max,
		};

		error = user_copy_out(buf, &limits, sizeof(limits));
	} else {
		struct shm_info used;

		memset(&used, 0, sizeof(used));
		used.used_ids = (int)info.count;
		used.shm_tot = info.pages;
		used.shm_rss = info.pages;
		error = user_copy_out(buf, &used, sizeof(used));
	}
	return error ? error : info.index_max;
}

static long control(const struct caller *caller, int id, int command, void *buf, struct nommu_verdict *verdict)
{
	if (id < 0)
		return -EINVAL;
	switch (command) {
	case IPC_INFO:
	case SHM_INFO:
		return control_info(command, buf, verdict);
	case IPC_STAT:
	case SHM_STAT:
	case SHM_STAT_ANY:
		return control_stat(caller, id, command, buf, verdict);
	case IPC_SET:
		return control_set(caller, id, buf, verdict);
	case IPC_RMID:
		return nommu_shm_remove(shim.board, &caller->shm, id, verdict);
	case SHM_LOCK:
	case SHM_UNLOCK:
		return nommu_shm_lock(shim.board, &caller->shm, id, verdict);
	default:
		return -EINVAL;
	}
}

long shim_shmctl(int id, int command, void *buf)
{
	struct nommu_verdict verdict = { .rule = NOMMU_RULE_SHM_COMMAND };
	struct shim_task *task = shim_self();
	struct caller caller;
	long result;

	if (!shim_enter(task))
		return os_syscall(SYS_shmctl, id, command, (long)buf, 0, 0, 0);
	who_calls(task, &caller);
	result = control(&caller, id, command, buf, &verdict);
	/* What the engine did not refuse was refused here. */
	if (result < 0 && !verdict.error) {
		verdict.error = (int)result;
		verdict.rule = NOMMU_RULE_SHM_COMMAND;
	}
	if (trace_wanted()) {
		const long args[] = { id, command, (long)buf };

		trace_write("shmctl", "lCp", args, result, &verdict);
	}
	shim_leave(task);
	return result;
}

/* ---- the names ------------------------------------------------------------------------------------------------- */

int shmget(key_t key, size_t size, int flags)
{
	return (int)shim_result(shim_shmget(key, size, flags));
}

void *shmat(int id, const void *addr, int flags)
{
	return (void *)shim_result(shim_shmat(id, addr, flags));
}

int shmdt(const void *addr)
{
	return (int)shim_result(shim_shmdt(addr));
}

int shmctl(int id, int command, struct shmid_ds *buf)
{
	return (int)shim_result(shim_shmctl(id, command, buf));
}
