-- The tables of schema.prisma.

CREATE TABLE "StudentProfile" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "studentId" TEXT NOT NULL,
  "name" TEXT NOT NULL,
  "standing" TEXT NOT NULL DEFAULT 'GOOD',
  "credits" BIGINT NOT NULL DEFAULT 0,
  "tuition" DECIMAL,
  "enrolledAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "photo" BLOB,
  "settings" JSONB,
  "mentorId" INTEGER,
  FOREIGN KEY ("mentorId") REFERENCES "StudentProfile" ("id") ON DELETE SET NULL ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "StudentProfile_studentId_key" ON "StudentProfile" ("studentId");

CREATE TABLE "PerformanceMetric" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "term" TEXT NOT NULL,
  "gpa" REAL NOT NULL,
  "measuredAt" DATETIME NOT NULL DEFAULT CURRENT_TIMESTAMP,
  "profileId" INTEGER NOT NULL,
  FOREIGN KEY ("profileId") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "Remark" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "text" TEXT NOT NULL,
  "metricId" INTEGER NOT NULL,
  FOREIGN KEY ("metricId") REFERENCES "PerformanceMetric" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "StudentCard" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "number" TEXT NOT NULL,
  "studentId" TEXT NOT NULL,
  FOREIGN KEY ("studentId") REFERENCES "StudentProfile" ("studentId") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "StudentCard_number_key" ON "StudentCard" ("number");
CREATE UNIQUE INDEX "StudentCard_studentId_key" ON "StudentCard" ("studentId");

CREATE TABLE "Course" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "title" TEXT NOT NULL
);

CREATE TABLE "Grade" (
  "profileId" INTEGER NOT NULL,
  "courseId" INTEGER NOT NULL,
  "points" DECIMAL NOT NULL,
  PRIMARY KEY ("profileId", "courseId"),
  FOREIGN KEY ("profileId") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("courseId") REFERENCES "Course" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);

CREATE TABLE "Announcement" (
  "id" INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  "text" TEXT NOT NULL
);

CREATE TABLE "_CourseToStudentProfile" (
  "A" INTEGER NOT NULL,
  "B" INTEGER NOT NULL,
  FOREIGN KEY ("A") REFERENCES "Course" ("id") ON DELETE CASCADE ON UPDATE CASCADE,
  FOREIGN KEY ("B") REFERENCES "StudentProfile" ("id") ON DELETE CASCADE ON UPDATE CASCADE
);
CREATE UNIQUE INDEX "_CourseToStudentProfile_AB_unique" ON "_CourseToStudentProfile" ("A", "B");
CREATE INDEX "_CourseToStudentProfile_B_index" ON "_CourseToStudentProfile" ("B");
