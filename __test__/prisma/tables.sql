-- The tables of schema.prisma.

CREATE TYPE "Standing" AS ENUM ('GOOD', 'PROBATION', 'GRADUATED');

CREATE TABLE "StudentProfile" (
  "id" SERIAL PRIMARY KEY,
  "studentId" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "standing" "Standing" NOT NULL DEFAULT 'GOOD',
  "credits" BIGINT NOT NULL DEFAULT 0,
  "tuition" DECIMAL(65, 30),
  "enrolledAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "photo" BYTEA,
  "settings" JSONB,
  "mentorId" INTEGER,
  FOREIGN KEY ("mentorId") REFERENCES "StudentProfile" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "StudentProfile_studentId_key" ON "StudentProfile" ("studentId");

CREATE TABLE "PerformanceMetric" (
  "id" SERIAL PRIMARY KEY,
  "term" TEXT NOT NULL,
  "gpa" DOUBLE PRECISION NOT NULL,
  "measuredAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "profileId" INTEGER NOT NULL,
  FOREIGN KEY ("profileId") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "Remark" (
  "id" SERIAL PRIMARY KEY,
  "text" TEXT NOT NULL,
  "metricId" INTEGER NOT NULL,
  FOREIGN KEY ("metricId") REFERENCES "PerformanceMetric" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "StudentCard" (
  "id" SERIAL PRIMARY KEY,
  "number" TEXT NOT NULL,
  "studentId" TEXT NOT NULL,
  FOREIGN KEY ("studentId") REFERENCES "StudentProfile" ("studentId") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "StudentCard_number_key" ON "StudentCard" ("number");
CREATE UNIQUE INDEX "StudentCard_studentId_key" ON "StudentCard" ("studentId");

CREATE TABLE "Course" (
  "id" SERIAL PRIMARY KEY,
  "title" TEXT NOT NULL
);

CREATE TABLE "Grade" (
  "profileId" INTEGER NOT NULL,
  "courseId" INTEGER NOT NULL,
  "points" DECIMAL(65, 30) NOT NULL,
  PRIMARY KEY ("profileId", "courseId"),
  FOREIGN KEY ("profileId") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("courseId") REFERENCES "Course" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "Announcement" (
  "id" SERIAL PRIMARY KEY,
  "text" TEXT NOT NULL
);

CREATE TABLE "Sample" (
  "id" UUID NOT NULL DEFAULT gen_random_uuid() PRIMARY KEY,
  "tags" TEXT[],
  "counts" BIGINT[],
  "prices" DECIMAL(20, 10)[],
  "moments" TIMESTAMPTZ(3)[],
  "parts" BYTEA[],
  "documents" JSONB[],
  "standings" "Standing"[],
  "day" DATE,
  "time" TIME(3),
  "amount" DECIMAL(30, 10) NOT NULL DEFAULT 0
);

CREATE TABLE "_CourseToStudentProfile" (
  "A" INTEGER NOT NULL,
  "B" INTEGER NOT NULL,
  FOREIGN KEY ("A") REFERENCES "Course" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("B") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "_CourseToStudentProfile_AB_unique" ON "_CourseToStudentProfile" ("A", "B");
CREATE INDEX "_CourseToStudentProfile_B_index" ON "_CourseToStudentProfile" ("B");
