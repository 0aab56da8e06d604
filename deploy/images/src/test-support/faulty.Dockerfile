# hadolint must refuse it: ../dockerfiles.test.ts
FROM debian
