//! The same code for several vector units.
//!
//! Whatever runs through [`run`] is compiled once plainly and once for each wider vector unit. The
//! source is one: fixed-size arrays worked on element by element, with sums in an order that is
//! written out. Rust neither reorders nor fuses floating-point operations, so all versions give the
//! same bits; the plain one is the reference, and tests hold the others to it exactly.

#![allow(unsafe_code)]

pub mod int8;
pub mod lanes;
#[cfg(target_arch = "aarch64")]
mod neon;
pub mod vector;
#[cfg(target_arch = "x86_64")]
mod x86;
#[cfg(target_arch = "x86_64")]
mod x86_int8;
#[cfg(target_arch = "x86_64")]
mod x86_lanes;
#[cfg(target_arch = "x86_64")]
mod x86_wide_lanes;

use std::sync::OnceLock;

use vector::{Isa, Plain};

/// A vector unit that the coded path may be compiled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Kernel {
    /// What the target guarantees.
    Scalar,
    /// 256-bit vectors.
    Avx2,
    /// 512-bit vectors; products of int8 by VNNI where the processor has it.
    Avx512,
    /// 128-bit vectors of a 64-bit Arm.
    Neon,
}

impl Kernel {
    /// The widest unit that this processor has; [`Kernel::Scalar`] if the environment variable
    /// `CATENA_SCALAR` is set to anything but 0.
    pub fn best() -> Kernel {
        static BEST: OnceLock<Kernel> = OnceLock::new();
        *BEST.get_or_init(|| {
            if std::env::var_os("CATENA_SCALAR").is_some_and(|v| v != "0") {
                return Kernel::Scalar;
            }
            Kernel::available()
                .last()
                .copied()
                .unwrap_or(Kernel::Scalar)
        })
    }

    /// All units that this processor has, the plain one first.
    pub fn available() -> Vec<Kernel> {
        let mut all = vec![Kernel::Scalar];
        #[cfg(target_arch = "x86_64")]
        {
            if has_avx2() {
                all.push(Kernel::Avx2);
                if has_avx512() {
                    all.push(Kernel::Avx512);
                }
            }
        }
        #[cfg(target_arch = "aarch64")]
        all.push(Kernel::Neon);
        all
    }
}

#[cfg(target_arch = "x86_64")]
fn has_avx2() -> bool {
    std::arch::is_x86_feature_detected!("avx2")
        && std::arch::is_x86_feature_detected!("bmi1")
        && std::arch::is_x86_feature_detected!("bmi2")
        && std::arch::is_x86_feature_detected!("lzcnt")
        && std::arch::is_x86_feature_detected!("popcnt")
}

#[cfg(target_arch = "x86_64")]
fn has_avx512() -> bool {
    has_avx2()
        && std::arch::is_x86_feature_detected!("avx512f")
        && std::arch::is_x86_feature_detected!("avx512bw")
        && std::arch::is_x86_feature_detected!("avx512dq")
        && std::arch::is_x86_feature_detected!("avx512vl")
}

/// Work to be compiled for each vector unit. `run` and all that it calls on the hot path must be
/// `#[inline(always)]`.
pub trait Task {
    /// What comes of it.
    type Output;
    /// Does it.
    fn run<I: Isa>(self) -> Self::Output;
}

/// Runs a task on a vector unit; one that the processor lacks falls back to the plain code.
pub fn run<T: Task>(kernel: Kernel, task: T) -> T::Output {
    match kernel {
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx512 if has_avx512() => {
            // SAFETY: the processor has all the features that the function is compiled for; they
            // were asked for just above.
            unsafe { avx512(task) }
        }
        #[cfg(target_arch = "x86_64")]
        Kernel::Avx2 if has_avx2() => {
            // SAFETY: as above, for AVX2.
            unsafe { avx2(task) }
        }
        #[cfg(target_arch = "aarch64")]
        Kernel::Neon => task.run::<neon::Neon>(),
        _ => task.run::<Plain>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx2<T: Task>(task: T) -> T::Output {
    task.run::<x86::Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,bmi1,bmi2,lzcnt,popcnt")]
fn avx512<T: Task>(task: T) -> T::Output {
    task.run::<x86::Avx512>()
}

/// Asks the processor to fetch the cache line of an element; no effect where there is none such.
#[inline(always)]
pub fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    if let Some(item) = items.get(index) {
        // SAFETY: a prefetch reads nothing, and the address is that of a live element.
        unsafe {
            std::arch::x86_64::_mm_prefetch::<{ std::arch::x86_64::_MM_HINT_T0 }>(
                std::ptr::from_ref(item).cast(),
            )
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}
