/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */
/*
 * The ELF loader (ld.so) of the image that the current task has just been given: which file is mapped at AT_BASE, the
 * address that the kernel tells every program in its auxiliary vector (getauxval(3)). A static program has none.
 */
#pragma once
#include "../include/path.h"

enum {
	POL_AUXILIARY_BASE = 7, /* AT_BASE */
	POL_AUXILIARY_PAIRS = 32, /* more than any kernel's AT_VECTOR_SIZE / 2 */
};

struct vm_area_struct {
	struct file *vm_file;
} __attribute__((preserve_access_index));
struct mm_struct {
	unsigned long saved_auxv[2];
} __attribute__((preserve_access_index));
/* Of an overlay's file in the layer below: the path in the overlay; before 6.8 it was `f_path` itself. */
struct backing_file {
	struct path user_path;
} __attribute__((preserve_access_index));

/* Dentries of one file, as mapped and as its overlay names it; 0 = none. */
struct pol_loader {
	__u64 mapped;
	__u64 overlay;
};

struct pol_auxiliary {
	unsigned long type;
	unsigned long value;
};

static __always_inline int pol_loader_is(const struct pol_loader *loader, struct dentry *dentry)
{
	__u64 wanted = (__u64)dentry;

	return wanted && (wanted == loader->mapped || wanted == loader->overlay);
}

static long pol_loader_note(struct task_struct *task, struct vm_area_struct *vma, void *data)
{
	struct pol_loader *loader = data;
	struct file *file = BPF_CORE_READ(vma, vm_file);

	loader->mapped = (__u64)BPF_CORE_READ(file, f_path.dentry);
	/*
	 * Behind a file that is no backing file stands the start of its neighbour in the slab, a lock and mode bits: no
	 * address of a dentry. (The flag that tells them apart, FMODE_BACKING, has another value since 6.14.)
	 */
	if (bpf_core_field_exists(((struct backing_file *)0)->user_path))
		loader->overlay = (__u64)BPF_CORE_READ((struct backing_file *)file, user_path.dentry);
	return 0;
}

/* Address at which the loader is mapped, 0 if there is none. */
static __always_inline __u64 pol_loader_base(struct task_struct *task)
{
	__u64 vector = (__u64)BPF_CORE_READ(task, mm) + bpf_core_field_offset(struct mm_struct, saved_auxv);
	struct pol_auxiliary entry;

	for (int i = 0; i < POL_AUXILIARY_PAIRS; i++) {
		if (bpf_probe_read_kernel(&entry, sizeof(entry), (void *)(vector + i * sizeof(entry))) || !entry.type)
			break;
		if (entry.type == POL_AUXILIARY_BASE)
			return entry.value;
	}
	return 0;
}

/* Fills `loader`; what cannot be found stays 0, and then nothing is taken for the loader. */
static __always_inline void pol_loader_find(struct pol_loader *loader)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct pol_loader found = {};
	__u64 base = pol_loader_base(task);

	if (base)
		bpf_find_vma(task, base, pol_loader_note, &found, 0);
	*loader = found;
}
