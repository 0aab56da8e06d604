import { join } from 'node:path';
import { Controller, HttpCode, Post, Req, Res, UseGuards } from '@nestjs/common';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { contract, type Transcript } from '@attune/contracts';
import type { OrganizationId } from '@attune/kernel';
import { CallingOrganization, InternalGuard } from './internal.guard';
import { whileClientStays } from './client-life';
import { RequestReceiver } from './request-receiver';
import { RequestSlots } from './request-slots';
import { toApiTranscript } from './transcription.convert';
import { TranscriptionsService } from './transcriptions.service';
import { Workspace } from './workspace';

@Controller()
@UseGuards(InternalGuard)
export class TranscriptionsController {
  constructor(
    private readonly workspace: Workspace,
    private readonly slots: RequestSlots,
    private readonly receiver: RequestReceiver,
    private readonly transcriptions: TranscriptionsService,
  ) {}

  @Post(contract.stt.transcribe.path)
  @HttpCode(200)
  transcribe(
    @CallingOrganization() organizationId: OrganizationId,
    @Req() request: FastifyRequest,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<Transcript> {
    return this.slots.hold(() =>
      whileClientStays(reply, (signal) =>
        this.workspace.with(async (folder) => {
          const audioPath = join(folder, 'upload');
          const { model, language } = await this.receiver.receive(request, audioPath);
          const asked = { organizationId, model, language, audioPath };
          return toApiTranscript(await this.transcriptions.transcribe(asked, signal));
        }),
      ),
    );
  }
}
