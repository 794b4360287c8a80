// SPDX-License-Identifier: GPL-2.0
/*
 * What the kernel's own LKDTM does, for kernels that are built without it, as Debian's are: a name written to
 * provoke-crash/DIRECT on debugfs is done there and then, by the process that writes it. Names and path are LKDTM's
 * (Documentation/fault-injection/provoke-crashes.rst), so that a test for one runs with the other.
 */
#include <linux/debugfs.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/refcount.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/uaccess.h>

/* Volatile, so that the compiler does not see what is coming. */
static int *volatile null_pointer;
static int *volatile unmapped_pointer = (int *)0xffffc0dec0dec0deUL;
static void (*volatile null_function)(void);
static volatile int zero;
static DEFINE_SPINLOCK(taken);

static void crash_panic(void)
{
	panic("petri_crash: asked for");
}

static void crash_bug(void)
{
	BUG();
}

static void crash_warning(void)
{
	WARN_ON(1);
}

static void crash_warning_message(void)
{
	WARN(1, "petri_crash: asked for %d\n", zero + 1);
}

static void crash_exception(void)
{
	*null_pointer = 1;
}

static void crash_access_null(void)
{
	zero = *null_pointer;
}

static void crash_exec_null(void)
{
	null_function();
}

static void crash_access_unmapped(void)
{
	zero = *unmapped_pointer;
}

static void crash_divide(void)
{
	zero = 1000 / zero;
}

static noinline int use_stack(int remaining)
{
	volatile char frame[512];

	frame[0] = remaining;
	return remaining ? use_stack(remaining - 1) + frame[0] : 0;
}

static void crash_exhaust_stack(void)
{
	zero = use_stack(INT_MAX);
}

static noinline void crash_corrupt_stack(void)
{
	char array[8];
	char *start = array;

	OPTIMIZER_HIDE_VAR(start);
	memset(start, 'A', 64);
	barrier_data(start);
}

static void crash_corrupt_list_add(void)
{
	LIST_HEAD(head);
	LIST_HEAD(other);
	LIST_HEAD(added);

	head.next = &other;
	list_add(&added, &head);
}

static void crash_refcount_inc_zero(void)
{
	refcount_t count = REFCOUNT_INIT(0);

	refcount_inc(&count);
}

static void crash_sleep_in_atomic(void)
{
	preempt_disable();
	/* The scheduler mends the count when it complains. */
	schedule_timeout_uninterruptible(1);
	barrier();
}

static void crash_softlockup(void)
{
	preempt_disable();
	for (;;)
		cpu_relax();
}

static void crash_hardlockup(void)
{
	local_irq_disable();
	for (;;)
		cpu_relax();
}

static void crash_spinlockup(void)
{
	spin_lock(&taken);
	spin_lock(&taken);
}

static void crash_rcu_stall(void)
{
	rcu_read_lock();
	for (;;)
		cpu_relax();
}

static void crash_triple_fault(void)
{
	static const struct {
		u16 limit;
		unsigned long base;
	} __packed none;

	/* No table says where a breakpoint goes, nor the fault that follows, nor the one after that. */
	asm volatile("lidt %0; int3" : : "m"(none));
}

static void crash_hung_task(void)
{
	set_current_state(TASK_UNINTERRUPTIBLE);
	schedule();
	/* Something after the call, so that it is no jump and this function stays on the stack. */
	barrier();
}

static const struct {
	const char *name;
	void (*happen)(void);
} crashes[] = {
	{ "PANIC", crash_panic },
	{ "BUG", crash_bug },
	{ "WARNING", crash_warning },
	{ "WARNING_MESSAGE", crash_warning_message },
	{ "EXCEPTION", crash_exception },
	{ "ACCESS_NULL", crash_access_null },
	{ "EXEC_NULL", crash_exec_null },
	{ "ACCESS_UNMAPPED", crash_access_unmapped },
	{ "DIVIDE", crash_divide },
	{ "EXHAUST_STACK", crash_exhaust_stack },
	{ "CORRUPT_STACK", crash_corrupt_stack },
	{ "CORRUPT_LIST_ADD", crash_corrupt_list_add },
	{ "REFCOUNT_INC_ZERO", crash_refcount_inc_zero },
	{ "SLEEP_IN_ATOMIC", crash_sleep_in_atomic },
	{ "SOFTLOCKUP", crash_softlockup },
	{ "HARDLOCKUP", crash_hardlockup },
	{ "SPINLOCKUP", crash_spinlockup },
	{ "RCU_STALL", crash_rcu_stall },
	{ "HUNG_TASK", crash_hung_task },
	{ "TRIPLE_FAULT", crash_triple_fault },
};

static ssize_t direct_write(struct file *file, const char __user *from, size_t count, loff_t *at)
{
	char name[32];
	size_t i;

	if (count >= sizeof(name))
		return -EINVAL;
	if (copy_from_user(name, from, count))
		return -EFAULT;
	name[count] = '\0';
	for (i = 0; i < ARRAY_SIZE(crashes); i++) {
		if (!sysfs_streq(name, crashes[i].name))
			continue;
		crashes[i].happen();
		return count;
	}
	return -EINVAL;
}

static ssize_t direct_read(struct file *file, char __user *to, size_t count, loff_t *at)
{
	char *names = kzalloc(PAGE_SIZE, GFP_KERNEL);
	size_t i, length = 0;
	ssize_t given;

	if (!names)
		return -ENOMEM;
	for (i = 0; i < ARRAY_SIZE(crashes); i++)
		length += scnprintf(names + length, PAGE_SIZE - length, "%s\n", crashes[i].name);
	given = simple_read_from_buffer(to, count, at, names, length);
	kfree(names);
	return given;
}

static const struct file_operations direct = {
	.owner = THIS_MODULE,
	.read = direct_read,
	.write = direct_write,
};

static struct dentry *folder;

static int __init petri_crash_init(void)
{
	folder = debugfs_create_dir("provoke-crash", NULL);
	debugfs_create_file("DIRECT", 0600, folder, NULL, &direct);
	return PTR_ERR_OR_ZERO(folder);
}

static void __exit petri_crash_exit(void)
{
	debugfs_remove(folder);
}

module_init(petri_crash_init);
module_exit(petri_crash_exit);
MODULE_DESCRIPTION("Crashes the kernel when told to");
MODULE_LICENSE("GPL");
