// SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only
/*
 * Program starts of governed cgroups. The tracepoint is in the middle of execve: the new image is in place and has not
 * run an instruction; a SIGKILL sent now is taken before it does. Every file that the kernel executes is decided, the
 * script first, then its interpreter; one denial kills. The ELF loader (ld.so) is a part of its program, not a start.
 *
 * By now `bprm->file` is the last interpreter. The script's own file was closed by exec_binprm, and a file that a task
 * closes is freed only on the way back to user mode: until then it hangs in `task_works`. There it is known by
 * FMODE_EXEC and by the credentials that opened it, those of bprm->file, which no earlier program of the task has had.
 * The ELF loader was opened and closed the same way, but its mapping keeps it away from there; not so on an overlay,
 * where the file below is what gets mapped. So it is known by its dentry: the one that is mapped at AT_BASE.
 */
#include "../include/count.h"
#include "../include/owner.h"
#include "../include/path.h"
#include "../include/verdict.h"
#include "../l7/automaton.h"
#include "loader.h"

enum {
	POL_EXEC_CHAIN = 8, /* scripts of one start; the kernel follows no more than five */
	POL_EXEC_WORKS = 64, /* WORKS * ROUNDS entries of task_works are looked at */
	POL_EXEC_ROUNDS = 64,
	POL_EXEC_MODE = 0x20, /* __FMODE_EXEC */
	POL_EXEC_KILL = 9, /* SIGKILL */
};

struct linux_binprm {
	struct file *file;
	struct file *executable;
	const char *filename;
	const char *interp;
} __attribute__((preserve_access_index));

/* struct file before 6.8 */
struct file___rcu {
	struct callback_head f_rcuhead;
} __attribute__((preserve_access_index));

/* One start on its way through the decision. */
struct pol_start {
	struct pol_path path;
	__u64 opened_by; /* credentials that opened the files of this start */
	__u64 work; /* next entry of task_works */
	struct pol_loader loader;
	__u64 chain[POL_EXEC_CHAIN]; /* scripts, the last of the chain first */
	__u32 scripts;
	__u32 revision;
	__u32 slot;
	__u32 subject;
	__u32 denied;
	__u32 walked; /* bytes of the path that the automaton has read */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct pol_start);
} exec_starts SEC(".maps");

/* Walks the automaton over up to POL_EXEC_WORKS bytes. False at the end. */
POL_GLOBAL int pol_exec_walk(struct pol_start *start)
{
	const struct pol_automaton *automaton;
	__u32 state;

	if (!start)
		return 0;
	automaton = pol_automaton_find(&t_exec, start->slot);
	if (!automaton)
		return 0;
	state = start->path.state;
	for (int i = 0; i < POL_EXEC_WORKS; i++) {
		__u32 at = start->path.at + start->walked;

		if (at >= POL_PATH_LIMIT) {
			start->path.state = state;
			return 0;
		}
		asm volatile("" : "+r"(at));
		state = pol_automaton_step(automaton, state, start->path.text[at & (POL_PATH_LIMIT - 1)]);
		start->walked++;
	}
	start->path.state = state;
	return 1;
}

/* Class of the path that stands in `start->path`. */
static __always_inline __u32 pol_exec_class(struct pol_start *start)
{
	const struct pol_automaton *automaton = pol_automaton_find(&t_exec, start->slot);

	if (!automaton)
		return POL_CLASS_UNDECIDABLE;
	start->path.state = automaton->start;
	start->walked = 0;
	for (int i = 0; i < POL_PATH_LIMIT / POL_EXEC_WORKS + 1; i++)
		if (!pol_exec_walk(start))
			break;
	return pol_automaton_class(automaton, start->path.state);
}

static __always_inline void pol_exec_tell(const struct pol_start *start, const struct pol_verdict *verdict, __u32 reason)
{
	struct pol_event *event = pol_event_reserve();
	__u32 at = start->path.at, length;

	if (!event)
		return;
	event->cause = verdict->cause;
	event->revision = start->revision;
	event->subject = start->subject;
	event->direction = POL_SECTION_PROCESS;
	event->protocol = POL_PROTOCOL_EXEC;
	event->match = verdict->match;
	event->verdict = pol_verdict_hubble(verdict);
	event->domain = POL_DOMAIN_EXEC;
	event->reason = reason;
	event->pid = bpf_get_current_pid_tgid() >> 32;
	event->uid = bpf_get_current_uid_gid();
	if (!reason && at < POL_PATH_LIMIT) {
		length = POL_PATH_LIMIT - at;
		event->text_length = length;
		if (length > POL_LIMIT_EVENT_TEXT)
			length = POL_LIMIT_EVENT_TEXT;
		bpf_probe_read_kernel(event->text, length, &start->path.text[at]);
	}
	bpf_ringbuf_submit(event, BPF_RB_NO_WAKEUP);
}

/* The verdict of one file, counted and told. `reason`: why it has no path, or none. */
POL_GLOBAL int pol_exec_judge(struct pol_start *start, __u32 reason)
{
	const struct pol_endpoint *subject;
	struct pol_counter_key counter = {.direction = POL_SECTION_PROCESS, .protocol = POL_PROTOCOL_EXEC};
	struct pol_verdict verdict;

	if (!start)
		return 0;
	subject = pol_endpoint_find(start->slot, start->subject);
	if (!subject) {
		pol_verdict_fixed(&verdict, POL_ACTION_DENY, POL_CAUSE_INTERNAL);
	} else if (subject->subject_class == 0) {
		pol_verdict_fixed(&verdict, POL_ACTION_ALLOW, POL_CAUSE_DEFAULT_ALLOW);
	} else {
		pol_verdict_of_start(start->slot, subject->subject_class, reason ? POL_CLASS_UNDECIDABLE : pol_exec_class(start), &verdict);
	}
	counter.cause = verdict.cause;
	counter.match = verdict.match;
	counter.verdict = pol_verdict_hubble(&verdict);
	pol_counter_raise(&counter);
	pol_exec_tell(start, &verdict, reason);
	if (verdict.action != POL_ACTION_ALLOW)
		start->denied = 1;
	return 0;
}

static __always_inline void pol_exec_file(struct pol_start *start, __u64 file)
{
	pol_exec_judge(start, pol_path_of_file(&start->path, file));
}

/* The file that hangs in task_works as `work`. */
static __always_inline struct file *pol_exec_closed_file(__u64 work)
{
	struct file___rcu *older = 0;

	if (bpf_core_field_exists(((struct file *)0)->f_task_work))
		return (struct file *)(work - bpf_core_field_offset(struct file, f_task_work));
	return (struct file *)(work - bpf_core_field_offset(typeof(*older), f_rcuhead));
}

/* Up to POL_EXEC_WORKS entries of task_works, newest first: what this start opened to execute is noted in `chain`. */
POL_GLOBAL int pol_exec_collect(struct pol_start *start)
{
	if (!start)
		return 0;
	for (int i = 0; i < POL_EXEC_WORKS && start->work; i++) {
		struct callback_head *work = (struct callback_head *)start->work;
		struct file *file = pol_exec_closed_file(start->work);
		__u32 place = start->scripts;

		/* An entry that is no file is not taken for one: it has no such credentials at that place. */
		if ((__u64)BPF_CORE_READ(file, f_cred) == start->opened_by && BPF_CORE_READ(file, f_flags) & POL_EXEC_MODE &&
		    !pol_loader_is(&start->loader, BPF_CORE_READ(file, f_path.dentry))) {
			if (place < POL_EXEC_CHAIN)
				start->chain[place & (POL_EXEC_CHAIN - 1)] = (__u64)file;
			start->scripts = place + 1;
		}
		start->work = (__u64)BPF_CORE_READ(work, next);
	}
	return 0;
}

/* The scripts of the start, outermost first; each is decided. */
static __always_inline void pol_exec_scripts(struct pol_start *start, struct linux_binprm *binprm)
{
	__u64 executable = (__u64)BPF_CORE_READ(binprm, executable);
	struct task_struct *task = (struct task_struct *)bpf_get_current_task();

	start->scripts = 0;
	pol_loader_find(&start->loader);
	start->work = (__u64)BPF_CORE_READ(task, task_works);
	for (int i = 0; i < POL_EXEC_ROUNDS && start->work; i++)
		pol_exec_collect(start);
	/* Not found, or perhaps not all of them. */
	if (start->work || start->scripts > POL_EXEC_CHAIN || (!start->scripts && !executable))
		pol_exec_judge(start, POL_REASON_UNRESOLVED_SCRIPT);
	for (int i = POL_EXEC_CHAIN - 1; i >= 0; i--)
		if (i < (int)start->scripts)
			pol_exec_file(start, start->chain[i]);
	/* binfmt_misc with `O` or `C`: kept open for its interpreter. */
	if (executable)
		pol_exec_file(start, executable);
}

SEC("tp_btf/sched_process_exec")
int pol_exec(__u64 *context)
{
	struct linux_binprm *binprm = (struct linux_binprm *)context[2];
	struct pol_generation now = pol_generation_read();
	__u32 subject = now.revision ? pol_owner_of_current(now.slot) : POL_ENDPOINT_NONE;
	struct pol_start *start;
	__u32 zero = 0;

	if (subject == POL_ENDPOINT_NONE)
		return 0;
	start = bpf_map_lookup_elem(&exec_starts, &zero);
	/* Without the table of cgroups nothing says whose start this is; it may be anybody's on this machine. */
	if (!start || subject == POL_OWNER_UNKNOWN)
		return 0;
	start->revision = now.revision;
	start->slot = now.slot;
	start->subject = subject;
	start->denied = 0;
	start->opened_by = (__u64)BPF_CORE_READ(binprm, file, f_cred);
	if (BPF_CORE_READ(binprm, interp) != BPF_CORE_READ(binprm, filename))
		pol_exec_scripts(start, binprm);
	pol_exec_file(start, (__u64)BPF_CORE_READ(binprm, file));
	if (start->denied)
		bpf_send_signal(POL_EXEC_KILL);
	return 0;
}
