/*
 * The `credential_process` of a profile: a program that prints credentials.
 * https://docs.aws.amazon.com/sdkref/latest/guide/feature-process-credentials.html
 */
#ifndef STORAGE_AWS_PROCESS_H
#define STORAGE_AWS_PROCESS_H

#include "storage/base/buf.h"
#include "storage/base/cancel.h"
#include "storage/base/err.h"
#include "storage/base/str.h"

/* The standard output of a command, which is split into words as a shell
 * would, with quotes and backslashes and nothing else. */
int aws_process_run(const char *command, int timeout_ms,
    const struct cancel *cancel, struct buf *out, struct err *err);
int aws_process_split(const char *command, struct strvec *words);

#endif
