# test/image.e2e-spec.ts carries out what stands here in a directory, and runs what comes of it as the user of the last stage.
FROM node:26-slim AS build
WORKDIR /app
COPY package.json package-lock.json ./
# No install script is needed to compile: they fetch a Node and a PostgreSQL for the tests.
RUN npm ci --ignore-scripts
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY src ./src
RUN npx nest build && npm prune --omit=dev --ignore-scripts
RUN mkdir data

FROM node:26-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY --from=build --chown=1000:1000 /app/data /data
# The user node, by its number: Kubernetes sees from it that it is not root. Nothing but /data is the user's own.
USER 1000:1000
VOLUME /data
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
