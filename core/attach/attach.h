/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * attach - how a process gets onto a board: both ends of the hand-over.
 *
 * The mount's root tells the path of a SOCK_SEQPACKET socket (xattr ATTACH_XATTR), which lies in a directory of mode
 * 0700. A process connects, says hello, gets the board's descriptors and the name of a token file, maps one page of
 * that file and closes it and the connection: it keeps no descriptor. The token's FUSE RELEASE, which comes when the
 * address space ends (exit, kill, exec; not before the last vfork child), ends the mm.
 *
 * Until the token was opened the connection itself stands for the process: if it ends, so does the mm.
 * Both ends check the other's uid (own or root), the daemon also that the peer is in its own PID namespace.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "nommu.h"

#define ATTACH_XATTR     "user.nommufs.socket"
/* As user.bdi.device. The host lets nobody read a user.* attribute of a file that he may not read, and stat(2) has no such
 * condition. */
#define ATTACH_XATTR_DEVICE "system.nommufs.device"
#define ATTACH_TOKEN_DIR "proc/.attach" /* under the mount's root: one token file a process, by name */
#define ATTACH_NAME_MAX  32

struct attach_server;

/* Listen on a new socket in a new 0700 directory under $XDG_RUNTIME_DIR or /tmp and serve in a thread of its own,
 * with all signals blocked. @board outlives the server. Errors: as mkdir, socket, bind; @why says which. */
int attach_server_open(struct nommu_board *board, struct attach_server **server, struct nommu_why *why);

/* The socket's path; the server's. */
const char *attach_server_path(const struct attach_server *server);

/* Stop serving, remove socket and directory. Processes that are attached stay so. */
void attach_server_close(struct attach_server *server);

/* A token file of this name was opened: the mm's life is the token's from now on. -ENOENT: no such token is waiting
 * (each can be claimed once). Any thread. */
int attach_server_claim(struct attach_server *server, const char *name, struct nommu_mm *mm);

/* Whether a token of this name is waiting to be claimed. Any thread. */
bool attach_server_has(struct attach_server *server, const char *name);

/* Attach the calling process to the board mounted at @mountpoint. On success *@board and *@mm are the caller's, and
 * the page at *@token is mapped (PROT_NONE, not inherited by fork): whoever unmaps it leaves the board.
 * @inherited: see nommu_board_attach. Uses @os alone for its system calls.
 * Errors: ENOENT not a board's mount, ECONNREFUSED its daemon is gone, EACCES another user's, EPERM another PID
 * namespace, EPROTO another version, EEXIST an address is taken, EMFILE the board has no room for more processes;
 * each with @why. */
int attach_connect(const char *mountpoint, const struct nommu_os *os, bool inherited, struct nommu_board **board,
		   struct nommu_mm *mm, void **token, struct nommu_why *why);

/* Ask the daemon whether it would let the calling process attach, without attaching. Errors: as attach_connect. */
int attach_probe(const char *mountpoint, const struct nommu_os *os, struct nommu_why *why);

#endif
