/*
 * A stand-in for Ed25519, so that a timeline takes a millisecond: the linker
 * puts it in front of minisign_sign and minisign_verify. Its contract is
 * theirs: who has no key cannot sign, a trusted comment is signed, too, and a
 * changed byte does not hold. Those two have tests of their own; with `real`,
 * they do the work here as well.
 */
#ifndef TESTS_SIM_VAULT_SIGNATURES_H
#define TESTS_SIM_VAULT_SIGNATURES_H

#include <stdbool.h>

void sim_signatures_use_real(bool real);

#endif
