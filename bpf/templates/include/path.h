/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The path of an open file, as the mount namespace of the current task names it: resolved, from the namespace's root
 * (not from a chroot's). Read dentry by dentry and mount by mount, as no helper gives it to this kind of program.
 * What has no such path is said to have none: deleted and memory files, detached mounts, mounts of another namespace.
 * Nor has a path a meaning where the namespace's mounts may be anybody's: in one that belongs to another user namespace
 * than the initial one, whoever made that, without any privilege, may mount what he likes on every name.
 */
#pragma once
#include <bpf/bpf_core_read.h>
#include "maps.h"

enum {
	POL_PATH_LIMIT = 4096, /* bytes, as PATH_MAX; a power of two */
	POL_PATH_NAME_LIMIT = 255, /* NAME_MAX of every file system */
	POL_PATH_STEPS = 64, /* STEPS * ROUNDS names and mounts; longer paths are too long */
	POL_PATH_ROUNDS = 8,
};

struct qstr {
	union {
		struct {
			__u32 hash;
			__u32 len;
		};
		__u64 hash_len;
	};
	const unsigned char *name;
} __attribute__((preserve_access_index));
struct hlist_bl_node {
	void *pprev;
} __attribute__((preserve_access_index));
struct inode {
	__u64 i_ino;
} __attribute__((preserve_access_index));
struct dentry {
	struct hlist_bl_node d_hash;
	struct dentry *d_parent;
	struct qstr d_name;
	struct inode *d_inode;
} __attribute__((preserve_access_index));
struct vfsmount {
	struct dentry *mnt_root;
} __attribute__((preserve_access_index));
struct user_namespace {
	int level; /* 0 = the initial one */
} __attribute__((preserve_access_index));
struct mnt_namespace {
	struct user_namespace *user_ns;
} __attribute__((preserve_access_index));
struct mount {
	struct mount *mnt_parent;
	struct dentry *mnt_mountpoint;
	struct vfsmount mnt;
	struct mnt_namespace *mnt_ns;
} __attribute__((preserve_access_index));
struct path {
	struct vfsmount *mnt;
	struct dentry *dentry;
} __attribute__((preserve_access_index));
struct cred;
struct callback_head {
	struct callback_head *next;
} __attribute__((preserve_access_index));
struct file {
	struct path f_path;
	struct inode *f_inode;
	const struct cred *f_cred;
	unsigned int f_flags;
	struct callback_head f_task_work; /* since 6.8 */
} __attribute__((preserve_access_index));
struct nsproxy {
	struct mnt_namespace *mnt_ns;
} __attribute__((preserve_access_index));
struct mm_struct;
struct task_struct {
	struct nsproxy *nsproxy;
	struct mm_struct *mm;
	struct callback_head *task_works;
	int tgid;
} __attribute__((preserve_access_index));

/* Filled from its end: the path is text[at .. POL_PATH_LIMIT - 1]. */
struct pol_path {
	struct dentry *dentry; /* whose name comes next */
	struct mount *mount;
	__u32 at;
	__u32 reason; /* why there is no path: POL_REASON_* */
	__u32 finished;
	__u32 state; /* of an automaton that walks it */
	__u8 text[POL_PATH_LIMIT + POL_PATH_NAME_LIMIT + 1];
};

/* Writes one name and its `/` before what is there. */
static __always_inline int pol_path_prepend(struct pol_path *path, struct dentry *dentry)
{
	const unsigned char *name = BPF_CORE_READ(dentry, d_name.name);
	__u32 length = BPF_CORE_READ(dentry, d_name.len);
	__u32 at = path->at;

	if (length > POL_PATH_NAME_LIMIT || length < 1 || at < length + 1 || at > POL_PATH_LIMIT)
		return 0;
	at -= length;
	/* Hides the bounds that clang knows and would not check again: the verifier wants to see them. */
	asm volatile("" : "+r"(at), "+r"(length));
	if (bpf_probe_read_kernel(&path->text[at & (POL_PATH_LIMIT - 1)], length & POL_PATH_NAME_LIMIT, name))
		return 0;
	at--;
	path->text[at & (POL_PATH_LIMIT - 1)] = '/';
	path->at = at;
	return 1;
}

static __always_inline void pol_path_fail(struct pol_path *path, __u32 reason)
{
	path->reason = reason;
	path->finished = 1;
}

/* One dentry or mount nearer to the root. */
static __always_inline void pol_path_step(struct pol_path *path, struct mnt_namespace *here)
{
	struct mount *mount = path->mount, *above;
	struct dentry *dentry = path->dentry, *parent;

	if (dentry == BPF_CORE_READ(mount, mnt.mnt_root)) {
		above = BPF_CORE_READ(mount, mnt_parent);
		if (above == mount || !above) {
			/* Unmounted lazily, of the kernel's own, cloned without a place, or of other people's namespace. */
			if (!here || BPF_CORE_READ(mount, mnt_ns) != here)
				pol_path_fail(path, POL_REASON_UNREADABLE_PATH);
			path->finished = 1;
			return;
		}
		path->dentry = BPF_CORE_READ(mount, mnt_mountpoint);
		path->mount = above;
		return;
	}
	parent = BPF_CORE_READ(dentry, d_parent);
	if (parent == dentry || !parent) /* a root, and not of its mount: memory files, pipes */
		pol_path_fail(path, POL_REASON_UNNAMED_FILE);
	else if (!pol_path_prepend(path, dentry))
		pol_path_fail(path, POL_REASON_PATH_TOO_LONG);
	path->dentry = parent;
}

/* Up to POL_PATH_STEPS of them; a function of its own, so that it is verified once. */
POL_GLOBAL int pol_path_climb(struct pol_path *path)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct mnt_namespace *here = BPF_CORE_READ(task, nsproxy, mnt_ns);

	if (!path)
		return 0;
	for (int i = 0; i < POL_PATH_STEPS && !path->finished; i++)
		pol_path_step(path, here);
	return 0;
}

/* May somebody without privileges in the initial namespaces have mounted what the current task sees? */
static __always_inline int pol_path_mounts_foreign(void)
{
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();
	struct user_namespace *owner = BPF_CORE_READ(task, nsproxy, mnt_ns, user_ns);

	return !owner || BPF_CORE_READ(owner, level) != 0;
}

/* Resolves an open file, given as an address. Returns 0 and `text` from `at`, or the reason that there is no path. */
POL_GLOBAL int pol_path_of_file(struct pol_path *path, __u64 address)
{
	struct file *file = (struct file *)address;
	struct dentry *dentry;

	if (!path)
		return POL_REASON_UNREADABLE_PATH;
	if (pol_path_mounts_foreign())
		return POL_REASON_FOREIGN_MOUNTS;
	path->at = POL_PATH_LIMIT;
	path->reason = POL_REASON_NONE;
	path->finished = 0;
	dentry = BPF_CORE_READ(file, f_path.dentry);
	path->dentry = dentry;
	path->mount = (void *)((__u64)BPF_CORE_READ(file, f_path.mnt) - bpf_core_field_offset(struct mount, mnt));
	/* No longer, or never, in its folder. */
	if (!dentry || (BPF_CORE_READ(dentry, d_parent) != dentry && !BPF_CORE_READ(dentry, d_hash.pprev)))
		return POL_REASON_UNNAMED_FILE;
	for (int i = 0; i < POL_PATH_ROUNDS && !path->finished; i++)
		pol_path_climb(path);
	if (!path->finished)
		return POL_REASON_PATH_TOO_LONG;
	return path->reason;
}
