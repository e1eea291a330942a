//! The first instructions of the program.
//!
//! The static program has no C library, whose start-up code takes most of a millisecond on virtual machines: it executes
//! CPUID dozens of times, and each one exits to the hypervisor. Builds that are not static, such as the linter's, start
//! through the C library.
#![allow(unsafe_code)]

use core::ffi::c_char;

use crate::kernel::Start;

#[cfg(all(target_feature = "crt-static", not(test)))]
mod bare {
    use core::arch::naked_asm;
    use core::panic::PanicInfo;

    use super::{Start, c_char};
    use crate::kernel::{Descriptor, exit, write};

    /// The entry point: passes the stack pointer on, which points to the number of arguments.
    #[cfg(target_arch = "x86_64")]
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _start() -> ! {
        naked_asm!("mov rdi, rsp", "xor ebp, ebp", "and rsp, -16", "call {entry}", "ud2", entry = sym entry)
    }

    /// The entry point: passes the stack pointer on, which points to the number of arguments.
    #[cfg(target_arch = "aarch64")]
    #[unsafe(naked)]
    #[unsafe(no_mangle)]
    unsafe extern "C" fn _start() -> ! {
        naked_asm!("mov x0, sp", "mov x29, xzr", "bl {entry}", "brk 1", entry = sym entry)
    }

    /// # Safety
    ///
    /// `stack` is the stack pointer at the start of the program.
    unsafe extern "C" fn entry(stack: *const usize) -> ! {
        // SAFETY: the kernel puts the count, the arguments, a null pointer and the environment on the stack.
        let start = unsafe {
            let arguments = stack.add(1).cast::<*const c_char>();
            Start::new(arguments, arguments.add(*stack + 1))
        };
        crate::run::run(&start)
    }

    #[panic_handler]
    fn panic(_: &PanicInfo) -> ! {
        let _ = write(
            Descriptor::STDERR,
            b"tbox: internal error in the launcher\n",
        );
        exit(125)
    }
}

#[cfg(not(any(target_feature = "crt-static", test)))]
mod hosted {
    use super::{Start, c_char};

    // The standard library provides the panic handler.
    extern crate std;

    /// # Safety
    ///
    /// The C library calls this function with the kernel's arrays.
    #[unsafe(no_mangle)]
    unsafe extern "C" fn main(
        _count: i32,
        arguments: *const *const c_char,
        environment: *const *const c_char,
    ) -> i32 {
        // SAFETY: the caller's promise.
        crate::run::run(&unsafe { Start::new(arguments, environment) })
    }
}
